//! How soon every agent is ready after a fault that kept a cluster from forming is mended.
//!
//! `cargo bench --bench cure` prints the median of three runs; `-- 5` makes five,
//! `-- --only port` leaves out the rows without that word. Each fault holds for
//! a while first, so that whoever waits longer with each attempt has begun to.

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

use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, join_all};
use rows::{Row, Wish, until};
use support::{Agent, Door, World};

/// How long each fault holds at least: as long as an agent may take to name it.
const HOLD: Duration = Duration::from_secs(10);
/// The faults are mended one after another with so much in between, so that they do not slow each
/// other down.
const APART: Duration = Duration::from_secs(4);

const KEY: &str = "-encrypt=MDEyMzQ1Njc4OWFiY2RlZg==";
const OTHER_KEY: &str = "-encrypt=ZmVkY2JhOTg3NjU0MzIxMA==";

/// Makes a fault, waits, mends it, and gives the seconds from there until all are ready.
type Fault = fn(Duration) -> LocalBoxFuture<'static, f64>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let wish = Wish::of_command_line(3);
    let faults: [(&str, Fault); 10] = [
        ("waiting-for-servers: the third server starts", |hold| {
            too_few(hold).boxed_local()
        }),
        ("only-self: joined by hand", |hold| {
            only_self(hold).boxed_local()
        }),
        ("gossip-key-mismatch: restarted with the key", |hold| {
            two_keys(hold).boxed_local()
        }),
        ("expect-mismatch: restarted with the number", |hold| {
            two_numbers(hold).boxed_local()
        }),
        ("waiting-unknown-peers: the port answers again", |hold| {
            silent_port(hold).boxed_local()
        }),
        ("quorum-lost: one server comes back", |hold| {
            lost_quorum(hold).boxed_local()
        }),
        ("peers-unreachable: the servers start", |hold| {
            unreachable(hold).boxed_local()
        }),
        ("found-not-asked: a cluster takes them in", |hold| {
            not_asked(hold).boxed_local()
        }),
        ("no-servers: a server joins the clients", |hold| {
            no_servers(hold).boxed_local()
        }),
        ("servers-silent: the port opens again", |hold| {
            silent_server(hold).boxed_local()
        }),
    ];
    let faults: Vec<_> = faults
        .into_iter()
        .filter(|(what, _)| wish.takes(what))
        .collect();
    let mut rows: Vec<Row> = faults
        .iter()
        .map(|(what, _)| Row::new(what, "s", 2.0))
        .collect();
    println!("before: {}", rows::load());
    for _ in 0..wish.runs {
        let holds = (0..).map(|at| HOLD + APART * at);
        let all = faults
            .iter()
            .zip(holds)
            .map(|((_, fault), hold)| fault(hold));
        for (row, took) in rows.iter_mut().zip(join_all(all).await) {
            row.add(0, took);
        }
    }
    rows::print(&rows, &["Quorate"]);
}

/// The time until all are ready.
async fn all_ready(agents: &[&Agent], since: Instant) -> f64 {
    for agent in agents {
        until("ready", since, || async {
            matches!(agent.try_get("/v1/status/ready").await, Some((200, _)))
        })
        .await;
    }
    since.elapsed().as_secs_f64()
}

fn server(world: &World, n: u8, listed: &[u8], more: &[&str]) -> Agent {
    let mut flags = vec!["-server".to_owned(), "-bootstrap-expect=3".to_owned()];
    flags.extend(world.list(listed.iter().copied()));
    flags.extend(more.iter().map(|flag| (*flag).to_owned()));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    world.agent(n, &flags)
}

async fn too_few(hold: Duration) -> f64 {
    let world = World::new();
    let [first, second] = [1, 2].map(|n| server(&world, n, &[1, 2], &[]));
    let client = world.agent(7, &[&world.list([1])[0]]);
    tokio::time::sleep(hold).await;
    let cured = Instant::now();
    let third = server(&world, 3, &[1, 2], &[]);
    all_ready(&[&first, &second, &third, &client], cured).await
}

async fn only_self(hold: Duration) -> f64 {
    let world = World::new();
    let [first, second, third] = [1, 2, 3].map(|n| server(&world, n, &[n], &[]));
    tokio::time::sleep(hold).await;
    let cured = Instant::now();
    for other in [&second, &third] {
        let (status, body) = first
            .put(&format!("/v1/agent/join/{}", other.addr()), "")
            .await;
        assert_eq!(status, 200, "{body}");
    }
    all_ready(&[&first, &second, &third], cured).await
}

async fn two_keys(hold: Duration) -> f64 {
    let world = World::new();
    let [first, second] = [1, 2].map(|n| server(&world, n, &[1, 2, 3], &[KEY]));
    let mut third = server(&world, 3, &[1, 2, 3], &[OTHER_KEY]);
    tokio::time::sleep(hold).await;
    third.kill().await;
    let cured = Instant::now();
    let third = server(&world, 3, &[1, 2, 3], &[KEY]);
    all_ready(&[&first, &second, &third], cured).await
}

async fn two_numbers(hold: Duration) -> f64 {
    let world = World::new();
    let [first, second] = [1, 2].map(|n| server(&world, n, &[1, 2, 3], &[]));
    let list = world.list(1..=3);
    let mut flags = vec!["-server", "-bootstrap-expect=5"];
    flags.extend(list.iter().map(String::as_str));
    let mut third = world.agent(3, &flags);
    tokio::time::sleep(hold).await;
    third.kill().await;
    let cured = Instant::now();
    let third = server(&world, 3, &[1, 2, 3], &[]);
    all_ready(&[&first, &second, &third], cured).await
}

async fn silent_port(hold: Duration) -> f64 {
    let world = World::new();
    let list = world.list(1..=3);
    let mut flags = vec!["-server", "-bootstrap-expect=3"];
    flags.extend(list.iter().map(String::as_str));
    let (third, gate) = world.gated(3, &flags).await;
    gate.set(Door::Silent);
    let [first, second] = [1, 2].map(|n| world.agent(n, &flags));
    tokio::time::sleep(hold).await;
    let cured = Instant::now();
    gate.set(Door::Open);
    all_ready(&[&first, &second, &third], cured).await
}

async fn lost_quorum(hold: Duration) -> f64 {
    let world = World::new();
    let mut three = world.servers(3, &[]);
    let client = world.agent(7, &[&world.list([1])[0]]);
    for agent in three.iter().chain([&client]) {
        all_ready(&[agent], Instant::now()).await;
    }
    for server in &mut three[..2] {
        server.kill().await;
    }
    tokio::time::sleep(hold).await;
    let cured = Instant::now();
    three[0].restart();
    all_ready(&[&three[0], &three[2], &client], cured).await
}

async fn unreachable(hold: Duration) -> f64 {
    let world = World::new();
    let joins = world.list(1..=3);
    let joins: Vec<&str> = joins.iter().map(String::as_str).collect();
    let client = world.agent(7, &joins);
    tokio::time::sleep(hold).await;
    let cured = Instant::now();
    let servers = world.servers(3, &[]);
    all_ready(&[&servers[0], &servers[1], &servers[2], &client], cured).await
}

async fn not_asked(hold: Duration) -> f64 {
    let world = World::new();
    let list = world.list([1, 2, 3]);
    let mut flags = vec!["-server"];
    flags.extend(list.iter().map(String::as_str));
    let [first, second] = [1, 2].map(|n| world.agent(n, &flags));
    tokio::time::sleep(hold).await;
    let cured = Instant::now();
    flags.push("-bootstrap");
    let third = world.agent(3, &flags);
    all_ready(&[&first, &second, &third], cured).await
}

async fn no_servers(hold: Duration) -> f64 {
    let world = World::new();
    let list = world.list([4, 5]);
    let [fourth, fifth] = [4, 5].map(|n| world.agent(n, &[&list[0], &list[1]]));
    tokio::time::sleep(hold).await;
    let cured = Instant::now();
    let server = world.agent(1, &["-server", "-bootstrap", &list[0]]);
    all_ready(&[&server, &fourth, &fifth], cured).await
}

async fn silent_server(hold: Duration) -> f64 {
    let world = World::new();
    let (server, gate) = world.gated(1, &["-server", "-bootstrap"]).await;
    all_ready(&[&server], Instant::now()).await;
    gate.set(Door::Refusing);
    let client = world.agent(2, &[&world.list([1])[0]]);
    tokio::time::sleep(hold).await;
    let cured = Instant::now();
    gate.set(Door::Open);
    all_ready(&[&server, &client], cured).await
}
