//! What the survivor of a lost majority says: of the dead, and of those that hang.

use std::time::Instant;

use super::{all_miss, all_say, listed, probes, ready};
use crate::support::{World, leader_and_others};

#[tokio::test]
async fn the_survivor_of_a_dead_majority_names_the_dead_and_stays_live() {
    let world = World::new();
    let mut three = world.servers(3, &[]);
    let client = world.agent(7, &[&world.list([1])[0], "-hcl=leave_on_terminate = false"]);
    for agent in three.iter().chain([&client]) {
        ready(agent).await;
    }
    for server in &mut three[..2] {
        server.kill().await;
    }
    let fault = Instant::now();
    let said = all_say(fault, "quorum-lost", &[&three[2], &client]).await;
    assert_eq!(listed(&said[0], "Missing"), ["n1", "n2"]);
    assert_eq!(probes(&three[2]).await, [200, 503, 200]);
    let cured = Instant::now();
    three[0].restart();
    for agent in [&three[0], &three[2], &client] {
        ready(agent).await;
        println!("ready on {} after {:.1?}", agent.addr(), cured.elapsed());
    }
}

#[tokio::test]
async fn the_survivor_of_a_majority_that_hangs_names_it_before_gossip_gives_it_up() {
    let world = World::new();
    let three = world.servers(3, &[]);
    let client = world.agent(7, &[&world.list([1])[0]]);
    for agent in three.iter().chain([&client]) {
        ready(agent).await;
    }
    for server in &three[..2] {
        server.signal("STOP").await;
    }
    let (fault, code) = (Instant::now(), "quorum-lost");
    let missing = Some(&["n1", "n2"][..]);
    let said = all_miss(fault, code, missing, &[&three[2], &client]).await;
    let line = said[0]["Line"].as_str().unwrap();
    let told = "n1 (is there, and its server port does not answer)";
    assert!(line.contains(told), "{line}");
    for server in &three[..2] {
        server.signal("CONT").await;
    }
    for agent in three.iter().chain([&client]) {
        ready(agent).await;
    }
}

#[tokio::test]
async fn who_is_left_with_a_leader_that_has_no_quorum_does_not_say_that_it_serves() {
    let world = World::new();
    let five = world.servers(5, &[]);
    let client = world.agent(7, &[&world.list([1])[0]]);
    for agent in five.iter().chain([&client]) {
        ready(agent).await;
    }
    let (leader, others) = leader_and_others(&five).await;
    let (follower, hang) = others.split_first().unwrap();
    for server in hang {
        server.signal("STOP").await;
    }
    let fault = Instant::now();
    let left = [leader, *follower, &client];
    let said = all_say(fault, "quorum-lost", &left).await;
    assert_eq!(listed(&said[1], "Missing").len(), 3);
    for agent in left {
        assert_eq!(agent.get("/v1/status/ready").await.0, 503);
    }
    for server in hang {
        server.signal("CONT").await;
    }
    for agent in five.iter().chain([&client]) {
        ready(agent).await;
    }
}
