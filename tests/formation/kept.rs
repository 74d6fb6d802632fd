//! What was acknowledged stays, whoever is killed.

use crate::support::{Agent, World};

/// Takes the agent with this address on the server port out of the list.
fn take(servers: &mut Vec<Agent>, leader: &str) -> Agent {
    let is_it = |server: &Agent| leader == format!("{}:8300", server.addr());
    let at = servers.iter().position(is_it).unwrap();
    servers.remove(at)
}

#[tokio::test]
async fn a_killed_leader_costs_no_write_and_is_replaced() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    let leader = servers[0].led().await;
    let mut dead = take(&mut servers, &leader);
    dead.kill().await;
    for server in &servers {
        server.write(&format!("after/{}", server.addr()), "2").await;
    }
    dead.restart();
    dead.led().await;
    for key in [
        format!("by/{}", dead.addr()),
        format!("after/{}", servers[0].addr()),
    ] {
        assert_eq!(dead.read(&key).await.0, 200, "{key}");
    }
}

#[tokio::test]
async fn all_killed_and_restarted_are_the_same_cluster_with_every_write() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    for n in 0..30 {
        servers[n % 3]
            .write(&format!("k/{n}"), &n.to_string())
            .await;
    }
    let before = servers[0].stat("quorate", "cluster_id").await;
    for server in &mut servers {
        server.kill().await;
    }
    for server in &mut servers {
        server.restart();
    }
    for server in &servers {
        server.led().await;
        assert_eq!(server.stat("quorate", "cluster_id").await, before);
        assert!(!server.log_text().contains("Attempting bootstrap"));
    }
    for n in 0..30 {
        assert_eq!(
            servers[(n + 1) % 3].read(&format!("k/{n}")).await,
            (200, n.to_string())
        );
    }
}

#[tokio::test]
async fn writes_survive_snapshots_and_the_purge_of_the_log() {
    let world = World::new();
    let config = world.write(
        "small.hcl",
        "raft_snapshot_threshold = 20\nraft_trailing_logs = 5\n",
    );
    let file = format!("-config-file={}", config.display());
    let mut servers = world.servers(3, &[&file]);
    for n in 0..100 {
        servers[0].write(&format!("k/{n}"), &n.to_string()).await;
    }
    assert_ne!(servers[0].stat("raft", "last_snapshot_index").await, "0");
    for server in &mut servers {
        server.kill().await;
    }
    for server in &mut servers {
        server.restart();
    }
    for server in &servers {
        server.led().await;
        for n in [0, 50, 99] {
            assert_eq!(server.read(&format!("k/{n}")).await, (200, n.to_string()));
        }
    }
}

#[tokio::test]
async fn a_restarted_agent_finds_its_peers_without_being_told() {
    let world = World::new();
    let first = world.agent(1, &["-server", "-bootstrap"]);
    first.led().await;
    let mut client = world.agent(2, &[]);
    client.get("/v1/agent/self").await;
    let join = format!("/v1/agent/join/{}", world.addr(1));
    assert_eq!(client.put(&join, "").await.0, 200);
    client.write("one", "1").await;
    client.kill().await;
    client.restart();
    client.write("two", "2").await;
}

#[tokio::test]
async fn a_leader_that_is_told_to_stop_hands_over_and_comes_back_as_a_voter() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    let leader = servers[0].led().await;
    let mut stopped = take(&mut servers, &leader);
    stopped.signal("TERM").await;
    assert_eq!(
        stopped.ended().await,
        Some(1),
        "as Consul: not a graceful leave"
    );
    stopped.logged("leadership handed over").await;
    stopped.logged("reason=leaving").await;
    servers[0].write("while/away", "2").await;
    stopped.restart();
    assert_ne!(stopped.led().await, leader);
    assert_eq!(stopped.read("while/away").await, (200, "2".to_owned()));
    assert_eq!(stopped.stat("raft", "num_peers").await, "2");
}
