//! A voter's disk is wiped, and it returns under its name and node id at its address (the demand
//! study's scenario A2, `h`): to raft it is another, which votes soon.

use std::time::Duration;

use serde_json::Value;

use super::replacement::{three, took_in};
use crate::support::{Agent, Cluster, SOON, World, from_to, time_of_day, vote};

#[tokio::test]
async fn a_wiped_voter_with_its_old_node_id_and_address_is_another_raft_node() {
    let world = World::new();
    let (mut servers, cluster) = three(&world).await;
    let leader = servers[0].led().await;
    let leads = |server: &Agent| leader == format!("{}:8300", server.addr());
    let leader = servers.iter().position(leads).unwrap();
    // The followers first, then the leader; each with the node id that it had.
    for at in [(leader + 1) % 3, (leader + 2) % 3, leader] {
        let number = u8::try_from(at + 1).unwrap();
        let node_id = servers[at].node_id().await;
        let old = servers[at].stat("quorate", "raft_id").await;
        servers[at].kill().await;
        world.wipe(number);
        let mut flags = vec!["-server".to_owned(), "-bootstrap-expect=3".to_owned()];
        flags.extend([SOON.to_owned(), format!("-node-id={node_id}")]);
        flags.extend(world.list(1..=3));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        servers[at] = world.agent(number, &flags);
        let voters = [(at + 1) % 3, (at + 2) % 3, at].map(|n| &servers[n]);
        vote(&voters).await;
        took_in(&cluster, &voters).await;
        let now = servers[at].stat("quorate", "raft_id").await;
        assert_ne!(now, old, "a raft id was used again");
    }
}

/// Since when a leader holds a server for healthy: the time of day.
async fn healthy_since(leader: &Agent, name: &str) -> Duration {
    let health = leader.get("/v1/operator/autopilot/health").await.1;
    let health: Value = serde_json::from_str(&health).unwrap();
    let servers = health["Servers"].as_array().unwrap();
    let server = servers.iter().find(|server| server["Name"] == name);
    let since = server.unwrap()["StableSince"].as_str().unwrap().to_owned();
    time_of_day(since.trim_end_matches('Z'))
}

#[tokio::test]
async fn a_wiped_server_votes_again_soon_at_the_default_settings() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    let cluster = Cluster::filled(&servers, 1_000).await;
    let leader = servers[0].led().await;
    let leads = |server: &Agent| leader == format!("{}:8300", server.addr());
    let at = servers.iter().position(leads).unwrap();
    // The leader first; the last one is wiped.
    servers.rotate_left(at);
    let old = servers[2].stat("quorate", "raft_id").await;
    let name = format!("n{}", servers[2].addr().octets()[3]);
    servers[2].kill().await;
    world.wipe(servers[2].addr().octets()[3]);
    servers[2].restart();
    let voters = [0, 1, 2].map(|n| &servers[n]);
    vote(&voters).await;
    let new = servers[2].stat("quorate", "raft_id").await;
    let healthy = healthy_since(&servers[0], &name).await;
    took_in(&cluster, &voters).await;
    // By the clocks of the agents, since a busy machine lets a test look late.
    let started = servers[2].logged_at(&["running!"]).unwrap();
    let added = servers[0].logged_at(&["adding server", &new]).unwrap();
    let promoted = servers[0].logged_at(&["promoting server", &new]).unwrap();
    let steps = [
        from_to(started, added),
        from_to(added, promoted),
        from_to(healthy, promoted),
        from_to(started, promoted),
    ];
    println!("added, promoted after that, after it was well, in all: {steps:?}");
    // A quarter of a minute in all. 10 s of it are `server_stabilization_time`, which begin anew
    // when a server is ill for a moment, as on a machine with too much to do.
    assert!(steps[0] < Duration::from_secs(3));
    assert!(steps[1].min(steps[2]) < Duration::from_secs(12));
    assert!(steps[3] < Duration::from_secs(25));
    // Its former self did not wait for that, so that its vote is not missed for so long.
    let is_told = |line: &str| line.contains(&old) && line.contains("reason=replaced");
    let mut leads = servers.iter().map(Agent::log_text);
    assert!(leads.any(|log| log.lines().any(is_told)));
}
