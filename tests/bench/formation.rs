//! How long a cluster takes to form and to heal, with real processes and default settings.
//!
//! `cargo bench --bench formation` prints the median of 20 runs of each row; `-- 5` makes 5, and
//! `-- --only restarted` leaves out the rows without that word.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints, and ends at the unexpected"
)]

#[expect(dead_code, reason = "other benches use more of it than this one")]
mod rows;
#[path = "../support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the tests use more of it than the bench"
)]
mod support;

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, join};
use rows::{Row, Wish, until};
use support::{Agent, World};

/// One run of a row, in seconds.
type Run = fn() -> LocalBoxFuture<'static, f64>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let wish = Wish::of_command_line(20);
    let all: [(&str, f64, Run); 6] = [
        (
            "three servers started at once, to a write through each",
            0.6,
            || at_once().boxed_local(),
        ),
        (
            "third server 7 s late, from its start to a write through each",
            0.4,
            || late().boxed_local(),
        ),
        (
            "leader killed, to a write through every survivor",
            1.5,
            || killed().boxed_local(),
        ),
        (
            "all killed and restarted, to a write through each",
            1.5,
            || restarted().boxed_local(),
        ),
        ("client started, to its name in the catalogue", 0.15, || {
            client().boxed_local()
        }),
        (
            "three servers restarted one by one under writes, longest wait",
            0.15,
            || rolling().boxed_local(),
        ),
    ];
    println!("before: {}", rows::load());
    let mut rows = Vec::new();
    for (what, target, run) in all.into_iter().filter(|(what, ..)| wish.takes(what)) {
        let mut row = Row::new(what, "s", target);
        for _ in 0..wish.runs {
            row.add(0, run().await);
        }
        rows.push(row);
    }
    rows::print(&rows, &["Quorate"]);
}

async fn at_once() -> f64 {
    let world = World::new();
    let started = Instant::now();
    let servers = world.servers(3, &[]);
    write_through(&servers, started).await
}

async fn late() -> f64 {
    let world = World::new();
    let list = world.list(1..=3);
    let mut flags = vec!["-server", "-bootstrap-expect=3"];
    flags.extend(list.iter().map(String::as_str));
    let mut servers = vec![world.agent(1, &flags), world.agent(2, &flags)];
    tokio::time::sleep(Duration::from_secs(7)).await;
    let started = Instant::now();
    servers.push(world.agent(3, &flags));
    write_through(&servers, started).await
}

async fn killed() -> f64 {
    let world = World::new();
    let mut servers = formed(&world).await;
    let leader = servers[0].led().await;
    let is_it = |s: &Agent| leader == format!("{}:8300", s.addr());
    let at = servers.iter().position(is_it).unwrap();
    let mut dead = servers.remove(at);
    let killed = Instant::now();
    dead.kill().await;
    write_through(&servers, killed).await
}

async fn restarted() -> f64 {
    let world = World::new();
    let mut servers = formed(&world).await;
    for server in &mut servers {
        server.kill().await;
    }
    let restarted = Instant::now();
    for server in &mut servers {
        server.restart();
    }
    write_through(&servers, restarted).await
}

async fn client() -> f64 {
    let world = World::new();
    let _servers = formed(&world).await;
    let started = Instant::now();
    let newcomer = world.agent(9, &[&world.list([1])[0]]);
    until("in the catalogue", started, || async {
        let nodes = newcomer.try_get("/v1/catalog/nodes").await;
        nodes.is_some_and(|(_, body)| body.contains("\"n9\""))
    })
    .await
}

/// Stops each server and starts it again, while a client agent writes without a rest; gives the
/// longest time between two acknowledgements.
async fn rolling() -> f64 {
    let world = World::new();
    let mut servers = formed(&world).await;
    let client = world.agent(9, &[&world.list([1])[0]]);
    client.write("before", "x").await;
    let end = Cell::new(false);
    let write = async {
        let (mut gap, mut last) = (Duration::ZERO, Instant::now());
        while !end.get() {
            let (status, body) = client.put("/v1/kv/rolling", "x").await;
            assert_eq!(status, 200, "{body}");
            gap = gap.max(last.elapsed());
            last = Instant::now();
        }
        gap.as_secs_f64()
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
    join(write, restart).await.0
}

/// Three servers that serve.
async fn formed(world: &World) -> Vec<Agent> {
    let servers = world.servers(3, &[]);
    write_through(&servers, Instant::now()).await;
    servers
}

async fn write_through(servers: &[Agent], since: Instant) -> f64 {
    for server in servers {
        until("a write", since, || async {
            server.try_put("/v1/kv/bench", "x").await == Some(200)
        })
        .await;
    }
    since.elapsed().as_secs_f64()
}
