//! What clients say.

use std::time::Instant;

use super::{all_miss, all_say, listed, listening, probes, ready};
use crate::support::{Door, World};

#[tokio::test]
async fn a_client_that_reaches_nobody_and_one_without_sources_say_so() {
    let world = World::new();
    let lonely = world.agent(1, &[&world.list([9])[0]]);
    let untold = world.agent(2, &[]);
    let fault = listening(&[&lonely, &untold]).await;
    let said = all_say(fault, "peers-unreachable", &[&lonely]).await;
    assert_eq!(listed(&said[0], "Missing"), [world.addr(9).to_string()]);
    all_say(fault, "no-sources", &[&untold]).await;
}

#[tokio::test]
async fn clients_of_another_datacenter_of_a_taken_name_and_without_a_server_say_which() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    ready(&server).await;
    let to_server = &world.list([1])[0];
    let elsewhere = world.agent(2, &["-datacenter=dc2", to_server]);
    let namesake = world.agent(3, &["-node=n1", to_server]);
    let list = world.list([4, 5]);
    let pair = [4, 5].map(|n| world.agent(n, &[&list[0], &list[1]]));
    let fault = listening(&[&elsewhere, &namesake, &pair[0], &pair[1]]).await;
    all_say(fault, "wrong-datacenter", &[&elsewhere]).await;
    let said = all_say(fault, "name-conflict", &[&namesake]).await;
    let line = said[0]["Line"].as_str().unwrap();
    assert!(line.contains(&world.addr(1).to_string()), "{line}");
    all_say(fault, "no-servers", &[&pair[0], &pair[1]]).await;
    // The server is well, whoever comes to it.
    assert_eq!(probes(&server).await, [200, 200, 200]);
}

#[tokio::test]
async fn a_client_that_hears_a_server_and_gets_no_answer_says_which() {
    let world = World::new();
    let (server, gate) = world.gated(1, &["-server", "-bootstrap"]).await;
    ready(&server).await;
    gate.set(Door::Refusing);
    let client = world.agent(2, &[&world.list([1])[0]]);
    let fault = listening(&[&client]).await;
    let said = all_say(fault, "servers-silent", &[&client]).await;
    assert_eq!(listed(&said[0], "Missing"), ["n1"]);
    gate.set(Door::Open);
    ready(&client).await;
}

#[tokio::test]
async fn clients_whose_server_died_name_it_with_its_address() {
    let world = World::new();
    let mut server = world.agent(1, &["-server", "-bootstrap"]);
    let list = world.list([1, 4, 5]);
    let list: Vec<&str> = list.iter().map(String::as_str).collect();
    let pair = [4, 5].map(|n| world.agent(n, &list));
    for agent in [&server, &pair[0], &pair[1]] {
        ready(agent).await;
    }
    server.kill().await;
    let fault = Instant::now();
    let dead = format!("it knows of n1 ({}:8300, failed)", world.addr(1));
    for said in all_miss(fault, "no-servers", Some(&["n1"]), &[&pair[0], &pair[1]]).await {
        let line = said["Line"].as_str().unwrap();
        assert!(line.ends_with(&dead), "{line}");
    }
}
