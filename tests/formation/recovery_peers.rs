//! Consul's `raft/peers.json`: written by an operator on the servers that are left.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Agent, World, eventually};

fn raft_file(world: &World, n: u8, name: &str) -> PathBuf {
    world.path(&format!("data-{n}/raft/{name}"))
}

/// The servers of the configuration, as `list-peers` shows them.
async fn servers_of(agent: &Agent) -> Vec<Value> {
    let path = "/v1/operator/raft/configuration?stale";
    let configuration = agent.get_json(path).await;
    configuration["Servers"].as_array().unwrap().clone()
}

async fn voted_by(agent: &Agent, count: usize) {
    eventually(&format!("{count} voters"), || async {
        let servers = servers_of(agent).await;
        let voters = servers.iter().filter(|server| server["Voter"] == true);
        (voters.count() == count && servers.len() == count).then_some(())
    })
    .await;
}

/// The entry of `peers.json` for a server, made of what `list-peers` showed.
fn entry(shown: &[Value], name: &str) -> Value {
    let server = shown.iter().find(|server| server["Node"] == name).unwrap();
    json!({"id": server["ID"], "address": server["Address"]})
}

async fn three(world: &World) -> (Vec<Agent>, Vec<Value>, String) {
    let mut servers = world.servers(3, &[]);
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    for server in &servers {
        server.holds(&format!("by/{}", world.addr(3))).await;
    }
    voted_by(&servers[0], 3).await;
    let shown = servers_of(&servers[0]).await;
    let cluster = servers[0].stat("quorate", "cluster_id").await;
    for server in &mut servers {
        server.kill().await;
    }
    (servers, shown, cluster)
}

async fn has_data(agent: &Agent, world: &World) {
    for n in 1..=3 {
        let key = format!("by/{}", world.addr(n));
        assert_eq!(agent.read(&key).await.0, 200, "{key}");
    }
}

#[tokio::test]
async fn two_of_three_go_on_as_the_same_cluster_by_peers_json() {
    let world = World::new();
    let (mut servers, shown, cluster) = three(&world).await;
    std::fs::remove_dir_all(world.path("data-3")).unwrap();
    let text = json!([entry(&shown, "n1"), entry(&shown, "n2")]).to_string();
    for n in [1, 2] {
        assert!(raft_file(&world, n, "peers.info").exists());
        std::fs::write(raft_file(&world, n, "peers.json"), &text).unwrap();
    }
    for server in &mut servers[..2] {
        server.restart();
    }
    for server in &servers[..2] {
        server.led().await;
        server
            .logged("found peers.json file, recovering Raft configuration...")
            .await;
        server
            .logged("deleted peers.json file after successful recovery")
            .await;
        has_data(server, &world).await;
        assert_eq!(server.stat("quorate", "cluster_id").await, cluster);
    }
    assert!(!raft_file(&world, 1, "peers.json").exists());
    voted_by(&servers[0], 2).await;
    // A next start is like any other.
    for server in &mut servers[..2] {
        server.kill().await;
        server.restart();
    }
    servers[0].led().await;
    servers[0].write("after", "1").await;
    assert!(!servers[0].log_text().contains("peers.json"));
    // And a new disk under the old name comes in.
    servers[2].restart();
    voted_by(&servers[0], 3).await;
    has_data(&servers[2], &world).await;
}

#[tokio::test]
async fn one_of_three_goes_on_under_a_new_id_and_the_others_are_refused() {
    let world = World::new();
    let (mut servers, shown, cluster) = three(&world).await;
    let text = json!([entry(&shown, "n2")]).to_string();
    // Whom it leaves out it does not touch.
    let misplaced = raft_file(&world, 1, "peers.json");
    std::fs::write(&misplaced, &text).unwrap();
    servers[0].restart();
    assert_eq!(servers[0].ended().await, Some(1));
    servers[0].logged("it leaves out this server").await;
    std::fs::remove_file(misplaced).unwrap();
    std::fs::write(raft_file(&world, 2, "peers.json"), text).unwrap();
    servers[1].restart();
    servers[1].led().await;
    has_data(&servers[1], &world).await;
    let new = servers[1].stat("quorate", "cluster_id").await;
    assert_ne!(new, cluster);
    servers[1].write("only/here", "1").await;
    // The majority that was left out comes back and is the old cluster; neither meets the other.
    for at in [0, 2] {
        servers[at].restart();
    }
    for at in [0, 2] {
        servers[at].led().await;
        assert_eq!(servers[at].stat("quorate", "cluster_id").await, cluster);
        assert_eq!(servers[at].read("only/here").await.0, 404);
        servers[at].logged("cluster-conflict").await;
    }
    servers[0].write("only/there", "1").await;
    assert_eq!(servers[1].read("only/there").await.0, 404);
    assert_eq!(servers[1].members(1).await, ["n2"]);
}

#[tokio::test]
async fn a_peers_json_that_cannot_be_honoured_ends_the_start_and_changes_nothing() {
    let world = World::new();
    let mut server = world.agent(1, &["-server", "-bootstrap"]);
    server.write("kept", "1").await;
    server.kill().await;
    let rows = [
        ("not json", "recovery failed to parse peers.json: "),
        (
            r#"["192.0.2.1:8300"]"#,
            "recovery failed to parse peers.json: ",
        ),
        (
            r#"[{"id": "8a0c4f7e-1111-2222-3333-444455556666", "address": "192.0.2.1:8300"}]"#,
            "n1 at",
        ),
    ];
    let file = raft_file(&world, 1, "peers.json");
    for (text, said) in rows {
        std::fs::write(&file, text).unwrap();
        server.restart();
        assert_eq!(server.ended().await, Some(1));
        server.logged(said).await;
        assert!(file.exists());
    }
    std::fs::remove_file(&file).unwrap();
    server.restart();
    server.led().await;
    assert_eq!(server.read("kept").await, (200, "1".to_owned()));
}

#[tokio::test]
async fn a_server_without_a_cluster_takes_no_peers_json() {
    let world = World::new();
    let early = raft_file(&world, 1, "peers.json");
    std::fs::create_dir_all(early.parent().unwrap()).unwrap();
    std::fs::write(&early, "[]").unwrap();
    let mut server = world.agent(1, &["-server", "-bootstrap-expect=3"]);
    server
        .logged("deleted peers.json file (see peers.info for details)")
        .await;
    server.logged("waiting-for-servers").await;
    assert!(!early.exists() && raft_file(&world, 1, "peers.info").exists());
    server.kill().await;
    let text = r#"[{"id": "8a0c4f7e-1111-2222-3333-444455556666", "address": "192.0.2.1:8300"}]"#;
    std::fs::write(&early, text).unwrap();
    server.restart();
    assert_eq!(server.ended().await, Some(1));
    server
        .logged("refused to recover cluster with no initial state")
        .await;
}
