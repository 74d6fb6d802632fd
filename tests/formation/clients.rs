//! Client agents: they join anybody, learn the servers by gossip, and register themselves.

use serde_json::Value;

use crate::support::{Agent, World, eventually};

async fn in_catalogue(at: &Agent, name: &str) {
    eventually(
        &format!("{name} is in the catalogue of {}", at.addr()),
        || async {
            let (200, body) = at.try_get("/v1/catalog/nodes").await? else {
                return None;
            };
            let nodes: Vec<Value> = serde_json::from_str(&body).unwrap();
            nodes.iter().any(|node| node["Node"] == name).then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn a_client_that_joins_another_client_finds_the_servers() {
    let world = World::new();
    let servers = world.servers(3, &[]);
    servers[0].write("probe", "x").await;
    let first = world.agent(4, &[&format!("-retry-join={}", world.addr(3))]);
    in_catalogue(&servers[0], "n4").await;
    let second = world.agent(5, &[&format!("-join={}", world.addr(4))]);
    in_catalogue(&first, "n5").await;
    second.write("through/client", "yes").await;
    assert_eq!(
        servers[1].read("through/client").await,
        (200, "yes".to_owned())
    );
    assert_eq!(second.led().await, servers[0].led().await);
    assert_eq!(second.stat("consul", "known_servers").await, "3");
}

#[tokio::test]
async fn a_client_started_before_the_servers_works_once_they_are_there() {
    let world = World::new();
    let client = world.agent(4, &[&format!("-retry-join={}", world.addr(2))]);
    let (status, body) = client.get("/v1/catalog/nodes").await;
    assert_eq!((status, body.as_str()), (500, "No known Consul servers"));
    let servers = world.servers(3, &[]);
    client.write("late", "1").await;
    in_catalogue(&servers[0], "n4").await;
}

#[tokio::test]
async fn an_agent_is_in_the_catalogue_before_it_says_that_there_is_a_leader() {
    let world = World::new();
    let servers = world.servers(3, &[]);
    for (n, server) in (1..).zip(&servers) {
        server.led().await;
        let nodes = server.get_json("/v1/catalog/nodes").await;
        let named = nodes
            .as_array()
            .unwrap()
            .iter()
            .any(|node| node["Node"] == format!("n{n}"));
        assert!(named, "n{n}: {nodes}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_goes_from_the_catalogue_and_exits_0() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    let mut client = world.agent(2, &[&format!("-retry-join={}", world.addr(1))]);
    in_catalogue(&server, "n2").await;
    assert_eq!(client.put("/v1/agent/leave", "").await.0, 200);
    assert_eq!(client.ended().await, Some(0));
    eventually("n2 has left the catalogue", || async {
        let nodes = server.get_json("/v1/catalog/nodes").await;
        nodes
            .as_array()
            .unwrap()
            .iter()
            .all(|node| node["Node"] != "n2")
            .then_some(())
    })
    .await;
    assert_eq!(server.members(3).await, ["n2"]);
}

#[tokio::test]
async fn a_dead_client_is_failed_until_it_is_forced_to_leave() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    let mut client = world.agent(2, &[&format!("-retry-join={}", world.addr(1))]);
    in_catalogue(&server, "n2").await;
    client.kill().await;
    eventually("n2 is failed", || async {
        (server.members(4).await == ["n2"]).then_some(())
    })
    .await;
    assert_eq!(server.put("/v1/agent/force-leave/n2", "").await.0, 200);
    eventually("n2 is left", || async {
        (server.members(3).await == ["n2"]).then_some(())
    })
    .await;
    let (status, text) = server.put("/v1/agent/force-leave/nobody", "").await;
    let told = "agent: No node found with name 'nobody'";
    assert_eq!((status, text.as_str()), (500, told));
}
