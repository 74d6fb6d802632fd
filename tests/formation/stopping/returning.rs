//! Agents that left, were pruned or were away for long: who comes back, and as what.

use crate::support::{Agent, SOON, World, eventually, vote};

/// Waits until an agent and the catalogue know exactly these, all alive.
async fn only_these(at: &Agent, names: &[&str]) {
    eventually(&format!("{} knows {names:?} only", at.addr()), || async {
        let alive = at.members(1).await;
        let gone = [at.members(3).await, at.members(4).await].concat();
        let is_so = alive == names && gone.is_empty() && at.catalogue().await == names;
        is_so.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_server_that_left_comes_back_as_a_voter_and_leaves_no_ghost() {
    let world = World::new();
    let mut servers = world.servers(3, &[SOON]);
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    let all: Vec<&Agent> = servers.iter().collect();
    vote(&all).await;
    assert_eq!(servers[2].put("/v1/agent/leave", "").await.0, 200);
    assert_eq!(servers[2].ended().await, Some(0));
    vote(&[&servers[0], &servers[1]]).await;
    eventually("n3 has left", || async {
        let is_gone = servers[0].catalogue().await == ["n1", "n2"];
        (is_gone && servers[0].members(3).await == ["n3"]).then_some(())
    })
    .await;
    servers[1].write("while/away", "2").await;
    servers[2].restart();
    let all: Vec<&Agent> = servers.iter().collect();
    vote(&all).await;
    for server in all {
        only_these(server, &["n1", "n2", "n3"]).await;
        assert_eq!(server.read("while/away").await, (200, "2".to_owned()));
    }
}

#[tokio::test]
async fn a_member_that_is_pruned_is_gone_for_good() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    let mut client = world.agent(2, &[&world.list([1])[0]]);
    eventually("n2 is in the catalogue", || async {
        (server.catalogue().await == ["n1", "n2"]).then_some(())
    })
    .await;
    client.kill().await;
    eventually("n2 is failed", || async {
        (server.members(4).await == ["n2"]).then_some(())
    })
    .await;
    let (status, body) = server.put("/v1/agent/force-leave/n2?prune", "").await;
    assert_eq!(status, 200, "{body}");
    only_these(&server, &["n1"]).await;
    client.restart();
    only_these(&server, &["n1", "n2"]).await;
}

#[tokio::test]
async fn an_agent_that_left_rejoins_by_itself_only_if_it_was_told_to() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    for (n, flags) in [(2, &[][..]), (3, &["-rejoin"][..])] {
        let mut client = world.agent(n, flags);
        client.get("/v1/agent/self").await;
        let join = format!("/v1/agent/join/{}", world.addr(1));
        assert_eq!(client.put(&join, "").await.0, 200);
        client.write(&format!("by/{n}"), "1").await;
        assert_eq!(client.put("/v1/agent/leave", "").await.0, 200);
        assert_eq!(client.ended().await, Some(0));
        client.restart();
        if n == 3 {
            client.write("rejoined", "1").await;
            continue;
        }
        eventually("n2 goes to nobody", || async {
            let (_, said) = client.try_get("/v1/agent/why").await?;
            said.contains("\"Code\":\"no-sources\"").then_some(())
        })
        .await;
        let (status, body) = client.get("/v1/catalog/nodes").await;
        assert_eq!((status, body.as_str()), (500, "No known Consul servers"));
        assert_eq!(client.members(1).await, ["n2"]);
        client.kill().await;
        let told_later = world.agent(n, &["-rejoin"]);
        told_later.write("rejoined/later", "1").await;
    }
    server.sees(2).await;
}

#[tokio::test]
async fn a_server_that_was_away_for_too_long_says_so_and_ends() {
    let world = World::new();
    let mut server = world.agent(1, &["-server", "-bootstrap"]);
    server.write("before", "1").await;
    server.kill().await;
    let dir = quorate::datadir::DataDir::open(&world.path("data-1")).unwrap();
    let eight_days_ms = 8 * 24 * 3_600_000;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let noted: Option<u64> = dir.load("last-seen").unwrap();
    assert!(noted.is_some(), "nothing was noted");
    let then = u64::try_from(now.as_millis()).unwrap() - eight_days_ms;
    dir.store("last-seen", &then).unwrap();
    drop(dir);
    server.restart();
    assert_eq!(server.ended().await, Some(1));
    let line = server
        .logged("refusing to rejoin cluster because server has been offline")
        .await;
    assert!(line.contains("server_rejoin_age_max (168h0m0s)"), "{line}");
    assert!(line.contains("192 hours ago"), "{line}");
    let raised = "-hcl=server_rejoin_age_max = \"200h\"";
    let server = world.agent(1, &["-server", "-bootstrap", raised]);
    assert_eq!(server.read("before").await, (200, "1".to_owned()));
}
