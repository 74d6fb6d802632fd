//! Requests that are under way when servers end or hang: they wait for whoever can answer.

use futures_util::future::{join, join_all};
use serde_json::Value;

use crate::support::{Agent, World, eventually, leader_and_others};

#[tokio::test]
async fn requests_during_an_election_wait_for_the_new_leader_and_succeed() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    let client = world.agent(4, &[&world.list([1])[0]]);
    client.write("before", "1").await;
    let leader = servers[0].led().await;
    let leads = |server: &Agent| leader == format!("{}:8300", server.addr());
    let at = servers.iter().position(leads).unwrap();
    let mut dead = servers.remove(at);
    dead.kill().await;
    let asked = servers.iter().chain([&client]).flat_map(|through| {
        let write = async move {
            let path = format!("/v1/kv/by/{}", through.addr());
            let answer = through.put(&path, "1").await;
            // Handed to the connection just before that noticed the death: in doubt, and said so.
            let doubt = "the write may or may not have been done: ";
            if answer.1.starts_with(doubt) {
                return through.put(&path, "1").await;
            }
            answer
        };
        let read = async move {
            let (status, body) = through.try_get("/v1/kv/before?raw").await.unwrap();
            (status, if body == "1" { "true".to_owned() } else { body })
        };
        [
            futures_util::future::Either::Left(write),
            futures_util::future::Either::Right(read),
        ]
    });
    for answer in join_all(asked).await {
        assert_eq!(answer, (200, "true".to_owned()));
    }
}

#[tokio::test]
async fn reads_under_way_at_a_leader_that_hangs_are_answered_by_the_next() {
    let world = World::new();
    let servers = world.servers(3, &[]);
    let client = world.agent(4, &[&world.list([1])[0]]);
    client.write("kept", "1").await;
    for server in &servers {
        server.holds("kept").await;
    }
    let (leader, others) = leader_and_others(&servers).await;
    leader.signal("STOP").await;
    let asked = others.into_iter().chain([&client]);
    let reads = asked.map(|through| through.try_get("/v1/kv/kept?raw"));
    for answer in join_all(reads).await {
        assert_eq!(answer, Some((200, "1".to_owned())));
    }
}

#[tokio::test]
async fn reads_at_a_leader_that_nobody_confirms_wait_until_it_is_confirmed_again() {
    let world = World::new();
    let patient = "-hcl=performance { rpc_hold_timeout = \"1m\" }";
    let mut servers = world.servers(3, &[patient]);
    let client = world.agent(4, &[&world.list([1])[0], patient]);
    client.write("kept", "1").await;
    let leader = servers[0].led().await;
    let leads = |server: &Agent| leader == format!("{}:8300", server.addr());
    let at = servers.iter().position(leads).unwrap();
    let leader = servers.remove(at);
    for follower in &servers {
        follower.signal("STOP").await;
    }
    let go_on = async {
        // Longer than a leader waits for its quorum, by what the list shows.
        eventually("the others are failed", || async {
            (leader.members(4).await.len() == servers.len()).then_some(())
        })
        .await;
        for follower in &servers {
            follower.signal("CONT").await;
        }
    };
    let reads = [&leader, &client].map(|through| through.try_get("/v1/kv/kept?raw&consistent"));
    let (answers, ()) = join(join_all(reads), go_on).await;
    for answer in answers {
        assert_eq!(answer, Some((200, "1".to_owned())));
    }
}

#[tokio::test]
async fn a_blocking_read_through_a_client_outlives_every_server_that_it_waits_at() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    let client = world.agent(4, &[&world.list([1])[0]]);
    client.write("watched", "old").await;
    let entry = client.get_json("/v1/kv/watched").await;
    let index = entry[0]["ModifyIndex"].as_u64().unwrap();
    let path = format!("/v1/kv/watched?index={index}&wait=2m");
    let change = async {
        for at in 0..3 {
            servers[at].kill().await;
            servers[(at + 1) % 3].write("other", "x").await;
            servers[at].restart();
            servers[at].holds("watched").await;
        }
        servers[0].write("watched", "new").await;
    };
    let (answer, ()) = join(client.try_get(&path), change).await;
    let (status, body) = answer.unwrap();
    let changed: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert_eq!(changed[0]["Value"], "bmV3", "{changed}");
}
