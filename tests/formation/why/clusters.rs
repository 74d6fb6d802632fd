//! What agents say that stray between clusters.

use std::time::Instant;

use super::{all_say, listening, probes, ready, server, why};
use crate::support::World;

#[tokio::test]
async fn agents_of_another_cluster_name_both_clusters() {
    let world = World::new();
    let mut old = world.servers(3, &[]);
    let mut client = world.agent(7, &[&world.list([1])[0]]);
    for agent in old.iter().chain([&client]) {
        ready(agent).await;
    }
    let former = old[0].stat("quorate", "cluster_id").await;
    for server in &mut old {
        server.kill().await;
    }
    client.kill().await;
    let listed = [1, 4, 5, 6];
    let new = [4, 5, 6].map(|n| server(&world, n, &listed, &[]));
    for server in &new {
        ready(server).await;
    }
    let current = new[0].stat("quorate", "cluster_id").await;
    let list = world.list([4, 5, 6]);
    let list: Vec<&str> = list.iter().map(String::as_str).collect();
    // One after the other: together they would be what is left of the old cluster.
    for n in [1, 7] {
        let fault = Instant::now();
        let mut strayed = if n == 1 {
            server(&world, n, &[4, 5, 6], &[])
        } else {
            world.agent(n, &list)
        };
        for said in all_say(fault, "cluster-conflict", &[&strayed]).await {
            let line = said["Line"].as_str().unwrap();
            assert!(line.contains(&former) && line.contains(&current), "{line}");
        }
        strayed.kill().await;
    }
    // Those who are well are not disturbed by it.
    assert_eq!(why(&new[0]).await["Code"], "ready");
}

#[tokio::test]
async fn agents_between_two_clusters_name_both_and_join_neither() {
    let world = World::new();
    let two = [1, 2].map(|n| world.agent(n, &["-server", "-bootstrap"]));
    let mut ids = Vec::new();
    for server in &two {
        ready(server).await;
        ids.push(server.stat("quorate", "cluster_id").await);
    }
    let list = world.list([1, 2]);
    let blank = server(&world, 3, &[1, 2], &[]);
    let client = world.agent(7, &[&list[0], &list[1]]);
    let fault = listening(&[&blank, &client]).await;
    for said in all_say(fault, "ambiguous-cluster", &[&blank, &client]).await {
        let line = said["Line"].as_str().unwrap();
        assert!(ids.iter().all(|id| line.contains(id)), "{line}");
    }
    assert_eq!(probes(&two[0]).await, [200, 200, 200]);
}
