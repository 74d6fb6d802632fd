//! A voter's disk is wiped, and it returns under its name and node id at its address (the demand
//! study's scenario A2, `h`): to raft it is another, which votes soon.

use std::time::Duration;

use serde_json::Value;

use super::replacement::{three, took_in};
use crate::support::{Agent, Cluster, SOON, World, vote};

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

/// When an agent logged the first line that holds all texts: the time of day.
fn logged_at(agent: &Agent, texts: &[&str]) -> Option<Duration> {
    let log = agent.log_text();
    let line = log
        .lines()
        .find(|line| texts.iter().all(|text| line.contains(text)))?;
    Some(time_of_day(line.split_once('Z')?.0))
}

/// The time of day of a date and time such as `2026-01-31T10:20:30.456`.
fn time_of_day(text: &str) -> Duration {
    let (_, time) = text.split_once('T').unwrap();
    let parts: Vec<f64> = time.split(':').map(|part| part.parse().unwrap()).collect();
    Duration::from_secs_f64(parts[0] * 3_600.0 + parts[1] * 60.0 + parts[2])
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
    let started = logged_at(&servers[2], &["Z"]).unwrap();
    let added = logged_at(&servers[0], &["adding server", &new]).unwrap();
    let promoted = logged_at(&servers[0], &["promoting server", &new]).unwrap();
    println!(
        "added {:?} after its start, promoted {:?} after that, {:?} after it was well",
        added - started,
        promoted - added,
        promoted.saturating_sub(healthy),
    );
    // A quarter of a minute in all. 10 s of it are `server_stabilization_time`, which begin anew
    // when a server is ill for a moment, as on a machine with too much to do.
    assert!(added - started < Duration::from_secs(3));
    assert!(promoted.saturating_sub(added.max(healthy)) < Duration::from_secs(12));
    assert!(promoted - started < Duration::from_secs(25));
    // Its former self did not wait for that, so that its vote is not missed for so long.
    let is_told = |line: &str| line.contains(&old) && line.contains("reason=replaced");
    let mut leads = servers.iter().map(Agent::log_text);
    assert!(leads.any(|log| log.lines().any(is_told)));
}
