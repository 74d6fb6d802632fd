//! Many clients that start at the same moment: each gets in, and the servers stay what they were.
//!
//! How fast, and with 200 of them, the bench tells (`just herd`).

use futures_util::future::join_all;

use crate::support::{Agent, STEADY, World, eventually};

/// How many start at once. Of a build for tests more than these leave a server too little of two
/// processors for its heartbeats.
const CLIENTS: u8 = 24;
/// The number of the first.
const FIRST: u8 = 11;

/// A server with the share of the processors that the unit in `config/` gives it; takes root, and is
/// as any other without it.
fn server(world: &World, n: u8) -> Agent {
    let mut flags = world.flags(n);
    flags.extend(["-server", "-bootstrap-expect=3", STEADY].map(String::from));
    flags.extend(world.list(1..=3));
    let nice = ["nice", "-n", "-10"].map(String::from);
    Agent::start_through(nice.into(), world.addr(n), flags)
}

#[tokio::test]
async fn two_dozen_clients_at_once_are_all_in_the_catalogue_and_no_server_loses_its_leader() {
    let world = World::new();
    let servers = [1, 2, 3].map(|n| server(&world, n));
    for server in &servers {
        server.write("before", "1").await;
    }
    let leader = servers[0].led().await;
    let term = servers[0].stat("raft", "term").await;
    let joins = world.list(1..=3);
    let joins: Vec<&str> = joins.iter().map(String::as_str).collect();
    let clients: Vec<Agent> = (FIRST..FIRST + CLIENTS)
        .map(|n| world.agent(n, &joins))
        .collect();
    let all = (FIRST..FIRST + CLIENTS).chain(1..=3);
    let mut all: Vec<String> = all.map(|n| format!("n{n}")).collect();
    all.sort();
    eventually("all are in the catalogue", || async {
        (servers[0].catalogue().await == all).then_some(())
    })
    .await;
    let reads = clients.iter().map(|client| client.read("before"));
    for (client, read) in clients.iter().zip(join_all(reads).await) {
        assert_eq!(read, (200, "1".to_owned()), "{}", client.addr());
    }
    for server in &servers {
        assert_eq!(server.leader().await, leader, "{}", server.addr());
        assert_eq!(server.stat("raft", "term").await, term, "{}", server.addr());
    }
}
