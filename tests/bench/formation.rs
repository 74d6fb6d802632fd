//! How long a cluster takes to form and to heal, with real processes and default settings.
//!
//! `cargo bench --bench formation` prints the median, the least and the most of 20 runs each;
//! `cargo bench --bench formation -- 5` makes it 5 runs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints, and ends at the unexpected"
)]

#[path = "../support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the tests use more of it than the bench"
)]
mod support;

use std::cell::Cell;
use std::time::{Duration, Instant};

use support::{Agent, World};

/// Pause between two tries of a measured write; a fifth of a percent of the shortest target.
const TRY_EVERY: Duration = Duration::from_millis(1);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let runs = std::env::args()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(20);
    let mut rows = [
        Row::new(
            "three servers started at once, to a write through each",
            0.6,
        ),
        Row::new(
            "third server 7 s late, from its start to a write through each",
            0.4,
        ),
        Row::new("leader killed, to a write through every survivor", 2.0),
        Row::new("all killed and restarted, to a write through each", 1.5),
        Row::new("client started, to its name in the catalogue", 0.15),
        Row::new(
            "three servers restarted one by one under writes, longest wait",
            0.15,
        ),
    ];
    for _ in 0..runs {
        let times = one_life().await;
        for (row, time) in rows.iter_mut().zip(times) {
            row.times.push(time);
        }
    }
    for row in rows {
        row.print();
    }
}

struct Row {
    what: &'static str,
    target_s: f64,
    times: Vec<Duration>,
}

impl Row {
    const fn new(what: &'static str, target_s: f64) -> Self {
        Self {
            what,
            target_s,
            times: Vec::new(),
        }
    }

    fn print(mut self) {
        self.times.sort_unstable();
        let seconds: Vec<f64> = self.times.iter().map(Duration::as_secs_f64).collect();
        let (median, least, most) = (
            seconds[seconds.len() / 2],
            seconds[0],
            seconds[seconds.len() - 1],
        );
        println!(
            "{:64} median {median:.3} s  least {least:.3}  most {most:.3}  (target {} s, {} runs)",
            self.what,
            self.target_s,
            seconds.len()
        );
    }
}

async fn one_life() -> [Duration; 6] {
    let world = World::new();
    let at_once = Instant::now();
    let mut servers = world.servers(3, &[]);
    write_through(&servers).await;
    let at_once = at_once.elapsed();

    let join = format!("-retry-join={}", world.addr(1));
    let client = Instant::now();
    let newcomer = world.agent(9, &[&join]);
    listed(&newcomer, "n9").await;
    let client = client.elapsed();
    let rolling = rolling(&mut servers, &newcomer).await;
    drop(newcomer);

    let leader = servers[0].led().await;
    let at = servers
        .iter()
        .position(|s| leader == format!("{}:8300", s.addr()))
        .unwrap();
    let mut dead = servers.remove(at);
    let killed = Instant::now();
    dead.kill().await;
    write_through(&servers).await;
    let killed = killed.elapsed();

    servers.push(dead);
    for server in &mut servers {
        server.kill().await;
    }
    let restarted = Instant::now();
    for server in &mut servers {
        server.restart();
    }
    write_through(&servers).await;
    let restarted = restarted.elapsed();
    drop(servers);
    [at_once, late().await, killed, restarted, client, rolling]
}

/// Stops each server and starts it again, while a client agent writes without a rest; gives the
/// longest time between two acknowledgements.
async fn rolling(servers: &mut [Agent], client: &Agent) -> Duration {
    let end = Cell::new(false);
    let write = async {
        let (mut gap, mut last) = (Duration::ZERO, Instant::now());
        while !end.get() {
            let (status, body) = client.put("/v1/kv/rolling", "x").await;
            assert_eq!(status, 200, "{body}");
            gap = gap.max(last.elapsed());
            last = Instant::now();
        }
        gap
    };
    let restart = async {
        for at in 0..servers.len() {
            servers[at].signal("TERM").await;
            servers[at].ended().await;
            servers[at].restart();
            let key = format!("back/{at}");
            servers[(at + 1) % servers.len()].write(&key, "x").await;
            servers[at].holds(&key).await;
        }
        end.set(true);
    };
    futures_util::future::join(write, restart).await.0
}

async fn late() -> Duration {
    let world = World::new();
    let list: Vec<String> = (1..=3)
        .map(|n| format!("-retry-join={}", world.addr(n)))
        .collect();
    let mut flags = vec!["-server", "-bootstrap-expect=3"];
    flags.extend(list.iter().map(String::as_str));
    let mut servers = vec![world.agent(1, &flags), world.agent(2, &flags)];
    tokio::time::sleep(Duration::from_secs(7)).await;
    let started = Instant::now();
    servers.push(world.agent(3, &flags));
    write_through(&servers).await;
    started.elapsed()
}

async fn write_through(servers: &[Agent]) {
    for server in servers {
        until(|| async { server.try_put("/v1/kv/bench", "x").await == Some(200) }).await;
    }
}

async fn listed(agent: &Agent, name: &str) {
    until(|| async {
        let nodes = agent.try_get("/v1/catalog/nodes").await;
        nodes.is_some_and(|(_, body)| body.contains(&format!("\"{name}\"")))
    })
    .await;
}

async fn until<F: Future<Output = bool>>(ask: impl Fn() -> F) {
    while !ask().await {
        tokio::time::sleep(TRY_EVERY).await;
    }
}
