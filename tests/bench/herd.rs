//! A herd: 200 client agents that start at once against three servers, on one machine.
//!
//! `just herd` prints how long it takes until all are in the catalogue, how long
//! a read takes meanwhile, and what each client holds of memory. `-- 3` makes three runs. The servers
//! run as the shipped unit starts them, ahead of others for the processor, which takes root; without
//! it `nice` warns and the figures are those of servers that wait for their turn.

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

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rows::{Row, Wish, quantile, until_every};
use support::{Agent, World};

/// How many clients start.
const CLIENTS: u8 = 200;
/// The number of the first client.
const FIRST: u8 = 11;
/// What the servers are started through: `Nice=` of `config/quorate-server.service`.
const NICE: &str = "nice -n -10";
/// One read is begun so long after the last one came back.
const READ_EVERY: Duration = Duration::from_millis(10);
/// How often the catalogue is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the herd stands before its memory is looked at.
const SETTLE: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let wish = Wish::of_command_line(1);
    let mut rows = [
        Row::new(
            "200 clients started at once, all in the catalogue",
            "s",
            20.0,
        ),
        Row::new("a read meanwhile, the median", "ms", 100.0),
        Row::new("a read meanwhile, of a hundred all but one", "ms", 100.0),
        Row::new("a read meanwhile, the longest", "ms", 1_000.0),
        Row::new("resident memory of a client, the median", "MiB", 15.0),
        Row::new("resident memory of a client, the most", "MiB", 15.0),
        Row::new("resident memory of a server, the most", "MiB", 25.0),
        Row::new("reads that failed", "", 0.0),
        Row::new("elections meanwhile", "", 0.0),
    ];
    println!("before: {}", rows::load());
    for _ in 0..wish.runs {
        for (row, value) in rows.iter_mut().zip(one_herd().await) {
            row.add(0, value);
        }
    }
    rows::print(&rows, &["Quorate"]);
}

/// What the reads meanwhile came to.
#[derive(Default)]
struct Reads {
    millis: Vec<f64>,
    failed: f64,
}

async fn one_herd() -> [f64; 9] {
    let world = World::new();
    let servers = start_servers(&world);
    for server in &servers {
        server.write("herd", "x").await;
        server.sees(3).await;
    }
    let before = term(&servers[0]).await;
    let end = Arc::new(AtomicBool::new(false));
    let reader = spawn_reader(&world, &end);
    let (clients, took) = start_all(&world, &servers[0]).await;
    end.store(true, Ordering::Relaxed);
    let reads = reader.join().unwrap();
    tokio::time::sleep(SETTLE).await;
    let after = term(&servers[0]).await;
    let held = |agents: &[Agent]| agents.iter().map(mebibytes).collect::<Vec<f64>>();
    [
        took,
        quantile(&reads.millis, 0.5),
        quantile(&reads.millis, 0.99),
        quantile(&reads.millis, 1.0),
        quantile(&held(&clients), 0.5),
        quantile(&held(&clients), 1.0),
        quantile(&held(&servers), 1.0),
        reads.failed,
        after - before,
    ]
}

/// Three servers, as the unit in `config/` starts them.
fn start_servers(world: &World) -> Vec<Agent> {
    let start = |n| {
        let mut flags = world.flags(n);
        flags.extend(["-server", "-bootstrap-expect=3"].map(String::from));
        flags.extend(world.list(1..=3));
        let nice = NICE.split(' ').map(String::from);
        Agent::start_through(nice.collect(), world.addr(n), flags)
    };
    (1..=3).map(start).collect()
}

/// Starts all; gives them and the seconds until the catalogue has them.
async fn start_all(world: &World, server: &Agent) -> (Vec<Agent>, f64) {
    let joins = world.list(1..=3);
    let joins: Vec<&str> = joins.iter().map(String::as_str).collect();
    let started = Instant::now();
    let mut clients = Vec::new();
    for n in FIRST..FIRST + CLIENTS {
        clients.push(world.agent(n, &joins));
        tokio::task::yield_now().await;
    }
    let all = usize::from(CLIENTS) + 3;
    let is_so = || async { server.catalogue().await.len() == all };
    let took = until_every(LOOK_EVERY, "all in the catalogue", started, is_so).await;
    (clients, took)
}

/// Reads a key through one server after the other until told to end, in a thread of its own: the one
/// that starts the herd is busy with it.
fn spawn_reader(world: &World, end: &Arc<AtomicBool>) -> JoinHandle<Reads> {
    let urls = [1, 2, 3].map(|n| format!("http://{}:8500/v1/kv/herd", world.addr(n)));
    let end = Arc::clone(end);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(read_on(&urls, &end))
    })
}

async fn read_on(urls: &[String], end: &AtomicBool) -> Reads {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(quorate::http::plain_http().unwrap())
        .no_proxy()
        .build()
        .unwrap();
    let mut reads = Reads::default();
    for url in urls.iter().cycle() {
        if end.load(Ordering::Relaxed) {
            break;
        }
        let asked = Instant::now();
        let answer = client.get(url).send().await;
        if !answer.is_ok_and(|answer| answer.status() == 200) {
            reads.failed += 1.0;
        }
        reads.millis.push(asked.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(READ_EVERY).await;
    }
    reads
}

async fn term(server: &Agent) -> f64 {
    server.stat("raft", "term").await.parse().unwrap()
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a number that is shown"
)]
fn mebibytes(agent: &Agent) -> f64 {
    agent.resident_kib() as f64 / 1_024.0
}
