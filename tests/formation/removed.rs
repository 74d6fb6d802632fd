//! A server that an operator took out stays out, with the disk that it had (the demand study's P17
//! and scenario A9; the cut network of A9 itself is in `partition`).

use crate::support::{Agent, SOON, STEADY, World, eventually, quorate, vote};

/// Takes the server at an address out, through an agent, and waits until the configuration is
/// without it.
async fn take_out(world: &World, n: u8, through: &Agent) {
    let http = format!("{}:8500", through.addr());
    let flag = format!("-address={}:8300", world.addr(n));
    let said = quorate(&["operator", "raft", "remove-peer", &flag], Some(http)).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!configuration(through).await.contains(&format!("n{n}")));
}

async fn configuration(at: &Agent) -> Vec<String> {
    let found = at.get_json("/v1/operator/raft/configuration").await;
    let servers = found["Servers"].as_array().unwrap();
    let name = |server: &serde_json::Value| server["Node"].as_str().unwrap().to_owned();
    servers.iter().map(name).collect()
}

#[tokio::test]
async fn a_server_that_was_removed_while_it_was_down_stops_and_with_a_new_disk_it_is_welcome() {
    let world = World::new();
    let mut servers = world.servers(3, &[SOON, STEADY]);
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    vote(&servers.iter().collect::<Vec<_>>()).await;
    let cluster = servers[0].stat("quorate", "cluster_id").await;
    servers[2].kill().await;
    // While n3 led, the others first elect another.
    servers[0].write("while/it/is/down", "1").await;
    take_out(&world, 3, &servers[0]).await;

    // What was said outlives those who heard it.
    for server in &mut servers[..2] {
        server.kill().await;
        server.restart();
    }
    let leader = servers[0].led().await;
    servers[0].write("after/the/restart", "1").await;
    let term = servers[0].stat("raft", "term").await;

    servers[2].restart();
    assert_eq!(servers[2].ended().await, Some(1));
    let line = servers[2]
        .logged("removed: an operator took this server")
        .await;
    for part in ["through n1", &cluster, "move the data directory", "data-3"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    eventually("it left", || async {
        (servers[0].members(3).await == ["n3"]).then_some(())
    })
    .await;
    assert_eq!(configuration(&servers[0]).await, ["n1", "n2"]);
    assert_eq!(servers[0].leader().await, leader);
    assert_eq!(servers[0].stat("raft", "term").await, term);

    // The second time it does not even start, and it has touched nothing.
    servers[2].restart();
    assert_eq!(servers[2].ended().await, Some(1));
    servers[2].logged("removed: an operator").await;
    assert!(!servers[2].log_text().contains("agent running"));
    assert!(world.path("data-3/raft-id").exists());

    world.wipe(3);
    servers[2].restart();
    vote(&servers.iter().collect::<Vec<_>>()).await;
    servers[2].holds("after/the/restart").await;
}

#[tokio::test]
async fn a_server_that_is_removed_while_it_is_there_stops_too() {
    let world = World::new();
    let mut servers = world.servers(3, &[STEADY]);
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    let leader = servers[0].led().await;
    let follower = (1..=3)
        .rev()
        .find(|n| leader != format!("{}:8300", world.addr(*n)));
    let n = follower.unwrap();
    let term = servers[0].stat("raft", "term").await;
    take_out(&world, n, &servers[0]).await;
    let mut out = servers.remove(usize::from(n) - 1);
    assert_eq!(out.ended().await, Some(1));
    out.logged("removed: an operator took this server").await;
    for server in &servers {
        eventually("two members", || async {
            (server.members(1).await.len() == 2).then_some(())
        })
        .await;
        assert_eq!(server.leader().await, leader);
        assert_eq!(server.stat("raft", "term").await, term);
    }
}
