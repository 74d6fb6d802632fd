//! Servers that come to a living cluster become its voters and never found one of their own.

use serde_json::Value;

use crate::support::{Agent, World, eventually};

async fn voters(at: &Agent) -> usize {
    let path = "/v1/operator/raft/configuration";
    let Some((200, body)) = at.try_get(path).await else {
        return 0;
    };
    let configuration: Value = serde_json::from_str(&body).unwrap();
    let servers = configuration["Servers"].as_array().unwrap();
    servers
        .iter()
        .filter(|server| server["Voter"] == true)
        .count()
}

async fn wait_for_voters(at: &Agent, n: usize) {
    eventually(&format!("{n} voters"), || async {
        (voters(at).await == n).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_fourth_and_a_fifth_server_become_voters() {
    let world = World::new();
    let servers = world.servers(3, &[]);
    servers[0].write("before", "1").await;
    wait_for_voters(&servers[0], 3).await;
    let to_second = format!("-retry-join={}", world.addr(2));
    let flags = ["-server", "-bootstrap-expect=3", to_second.as_str()];
    let fourth = world.agent(4, &flags);
    let fifth = world.agent(5, &flags);
    wait_for_voters(&servers[0], 5).await;
    for new in [&fourth, &fifth] {
        assert_eq!(new.led().await, servers[0].led().await);
        assert_eq!(new.read("before").await, (200, "1".to_owned()));
        assert!(!new.log_text().contains("Attempting bootstrap"));
    }
}

#[tokio::test]
async fn a_server_that_leaves_is_no_longer_a_voter() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    servers[0].write("before", "1").await;
    let mut gone = servers.remove(2);
    assert_eq!(gone.put("/v1/agent/leave", "").await.0, 200);
    assert_eq!(gone.ended().await, Some(0));
    assert!(!gone.log_text().contains("timeout"), "{}", gone.log_text());
    wait_for_voters(&servers[0], 2).await;
    servers[1].write("after", "2").await;
}

#[tokio::test]
async fn a_server_told_to_bootstrap_joins_a_cluster_that_its_sources_lead_to() {
    let world = World::new();
    let first = world.agent(1, &["-server", "-bootstrap"]);
    first.write("before", "1").await;
    let to_first = format!("-retry-join={}", world.addr(1));
    let second = world.agent(2, &["-server", "-bootstrap", &to_first]);
    assert_eq!(second.led().await, first.led().await);
    assert_eq!(second.read("before").await, (200, "1".to_owned()));
    assert!(!second.log_text().contains("Attempting bootstrap"));
}

#[tokio::test]
async fn a_client_that_becomes_a_server_is_a_full_one() {
    let world = World::new();
    let soon = "-hcl=autopilot { server_stabilization_time = \"100ms\" }";
    let first = world.agent(1, &["-server", "-bootstrap", soon]);
    let to_first = format!("-retry-join={}", world.addr(1));
    let mut changed = world.agent(2, &[&to_first]);
    changed.write("as/client", "1").await;
    changed.kill().await;
    let changed = world.agent(2, &["-server", &to_first]);
    wait_for_voters(&first, 2).await;
    eventually("it is in the cluster", || async {
        (changed.stat("quorate", "founding").await == "formed").then_some(())
    })
    .await;
    changed.write("as/server", "2").await;
}
