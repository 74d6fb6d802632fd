//! A herd: 200 client agents that start at once against three servers, on one machine.
//!
//! `cargo bench --bench herd` prints how long it takes until all are in the catalogue, how long
//! a read takes meanwhile, and what each client holds of memory. `-- 3` makes three runs.

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

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use rows::{Row, Wish, quantile, until_every};
use support::{Agent, World};

/// How many clients start.
const CLIENTS: u8 = 200;
/// The number of the first client.
const FIRST: u8 = 11;
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

async fn one_herd() -> [f64; 8] {
    let world = World::new();
    let servers = world.servers(3, &[]);
    for server in &servers {
        server.write("herd", "x").await;
        server.sees(3).await;
    }
    let term = servers[0].stat("raft", "term").await;
    let joins = world.list(1..=3);
    let joins: Vec<&str> = joins.iter().map(String::as_str).collect();
    let (end, reads) = (Cell::new(false), RefCell::new(Vec::new()));
    let started = Instant::now();
    let start = async {
        let mut clients = Vec::new();
        for n in FIRST..FIRST + CLIENTS {
            clients.push(world.agent(n, &joins));
            tokio::task::yield_now().await;
        }
        let took = until_every(LOOK_EVERY, "all in the catalogue", started, || async {
            named(&servers[0]).await == usize::from(CLIENTS) + servers.len()
        })
        .await;
        end.set(true);
        (clients, took)
    };
    let read = async {
        for server in servers.iter().cycle() {
            if end.get() {
                break;
            }
            let asked = Instant::now();
            let read = server.try_get("/v1/kv/herd").await;
            assert!(matches!(read, Some((200, _))), "{read:?}");
            reads.borrow_mut().push(asked.elapsed().as_secs_f64() * 1e3);
            tokio::time::sleep(READ_EVERY).await;
        }
    };
    let ((clients, took), ()) = futures_util::future::join(start, read).await;
    tokio::time::sleep(SETTLE).await;
    let after = servers[0].stat("raft", "term").await;
    let reads = reads.into_inner();
    let held = |agents: &[Agent]| agents.iter().map(mebibytes).collect::<Vec<f64>>();
    [
        took,
        quantile(&reads, 0.5),
        quantile(&reads, 0.99),
        quantile(&reads, 1.0),
        quantile(&held(&clients), 0.5),
        quantile(&held(&clients), 1.0),
        quantile(&held(&servers), 1.0),
        after.parse::<f64>().unwrap() - term.parse::<f64>().unwrap(),
    ]
}

/// How many nodes the catalogue has.
async fn named(at: &Agent) -> usize {
    let Some((200, body)) = at.try_get("/v1/catalog/nodes").await else {
        return 0;
    };
    body.matches("\"Node\":").count()
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a number that is shown"
)]
fn mebibytes(agent: &Agent) -> f64 {
    agent.resident_kib() as f64 / 1_024.0
}
