//! What has a client look in its sources, though it knows servers that live.

use super::*;

/// A place of an agent that nobody but a source knows.
const ELSEWHERE: u8 = 31;

/// A client that knows its servers and rests, and whose source names another agent since then.
async fn unaware(world: &World) -> (Vec<Agent>, Agent, Agent, Source) {
    let source = Source::start(Kind::Api, world, &OLD, &[]).await;
    let servers = world.servers(3, &[]);
    let client = world.agent(FIRST_CLIENT, &[&source.flags(world)[0]]);
    is_ready(&client, true).await;
    client.sees(OLD.len() + 1).await;
    rests(&client).await;
    let other = world.agent(ELSEWHERE, &[]);
    other.get("/v1/agent/self").await;
    source.set(world, &[ELSEWHERE]);
    (servers, client, other, source)
}

#[tokio::test]
async fn a_reload_asks_the_sources_anew_although_all_is_well() {
    for by_signal in [true, false] {
        let world = World::new();
        let (_servers, client, other, source) = unaware(&world).await;
        let before = source.asked();
        if by_signal {
            client.signal("HUP").await;
        } else {
            assert_eq!(client.put("/v1/agent/reload", "").await.0, 200);
        }
        other.sees(OLD.len() + 2).await;
        // The answer led somewhere new, and what is led there is enough.
        assert_eq!(source.asked(), before + 1, "{by_signal}");
    }
}

#[tokio::test]
async fn a_client_that_is_told_that_nobody_leads_looks_for_its_cluster_elsewhere() {
    let world = World::new();
    let (mut servers, client, other, source) = unaware(&world).await;
    let before = source.asked();
    for server in &mut servers[..2] {
        server.kill().await;
    }
    other.sees(3).await;
    assert!(source.asked() > before);
    // The server that told so is alive all the while.
    let said = why(&client).await;
    assert_eq!(said["Code"], "quorum-lost", "{said}");
    let survivor = format!("n{}", OLD[2]);
    assert!(client.members(1).await.contains(&survivor));
}

#[tokio::test]
async fn a_server_that_misses_a_voter_looks_for_it_at_once_though_there_is_a_leader() {
    let world = World::new();
    let source = Source::start(Kind::Api, &world, &OLD, &[]).await;
    let flags = ["-server", "-bootstrap-expect=3", &source.flags(&world)[0]];
    let mut servers: Vec<Agent> = OLD.iter().map(|n| world.agent(*n, &flags)).collect();
    for server in &servers {
        is_ready(server, true).await;
        server.sees(OLD.len()).await;
    }
    for server in &servers {
        rests(server).await;
    }
    let leader = servers[0].led().await;
    let leads = |server: &Agent| leader == format!("{}:8300", server.addr());
    let follower = servers.iter().position(|server| !leads(server)).unwrap();
    let mut dead = servers.remove(follower);
    let before = source.asked();
    dead.kill().await;
    eventually("both have looked", || async {
        (source.asked() >= before + 2).then_some(())
    })
    .await;
    for server in &servers {
        assert_eq!(server.leader().await, leader);
        is_ready(server, true).await;
    }
}
