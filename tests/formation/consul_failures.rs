//! What was seen to go wrong at Consul (the demand study, "Measured on Consul"), row by row: peers
//! that are silent or half there, half a member list, wiped voters, an old server in a new cluster.

use crate::support::{Agent, Cluster, Door, SOON, World, eventually, founding, vote};

async fn three(world: &World) -> (Vec<Agent>, Cluster) {
    let servers = world.servers(3, &[SOON]);
    let cluster = Cluster::filled(&servers, 200).await;
    (servers, cluster)
}

/// Waits until a server knows no leader, so that it takes in nobody any more.
async fn leaderless(server: &Agent) {
    eventually(&format!("{} has no leader", server.addr()), || async {
        server.leader().await.is_empty().then_some(())
    })
    .await;
}

/// Waits until a blank server says that it founds nothing because of this cluster, and that the
/// named servers of it are why it is not in it.
async fn waits_for(newcomer: &Agent, cluster: &Cluster, silent: &str) {
    let told = format!("do not answer: {silent}\"");
    let line = newcomer.logged(&told).await;
    assert!(line.contains("reason=joining"), "{line}");
    assert!(line.contains(&cluster.id), "{line}");
    assert_eq!(newcomer.leader().await, "");
    cluster.never_left_by(newcomer).await;
}

#[tokio::test]
async fn half_a_member_list_founds_nothing() {
    let world = World::new();
    let (servers, cluster) = three(&world).await;
    for stopped in &servers[..2] {
        stopped.signal("STOP").await;
    }
    leaderless(&servers[2]).await;
    let newcomers = [4, 5, 6].map(|n| world.newcomer(n, &[3]));
    for newcomer in &newcomers {
        waits_for(newcomer, &cluster, "n1, n2").await;
    }
    let line = founding(&servers[2], "quorum-lost").await;
    for told in [
        // What hangs is there at first, and then not.
        "2 of 3 voters are missing: n1 (",
        "), n2 (",
        "`quorate operator raft recover --plan`",
    ] {
        assert!(line.contains(told), "{line}");
    }
    for stopped in &servers[..2] {
        stopped.signal("CONT").await;
    }
    let all: Vec<&Agent> = servers.iter().chain(&newcomers).collect();
    vote(&all).await;
    for agent in all {
        cluster.holds(agent).await;
    }
    eventually("the survivor is well again", || async {
        (servers[2].stat("quorate", "founding").await == "formed").then_some(())
    })
    .await;
}

/// One of three is left; it gossips, and its server port is shut. Empty servers come to it.
async fn survivor_with_a_shut_port(door: Door, newcomers: &[u8]) {
    let world = World::new();
    let list = world.list(1..=3);
    let mut flags = vec!["-server", "-bootstrap-expect=3", SOON];
    flags.extend(list.iter().map(String::as_str));
    let mut dead = [1, 2].map(|n| world.agent(n, &flags));
    let (survivor, gate) = world.gated(3, &flags).await;
    let cluster = Cluster::filled(&dead, 200).await;
    survivor.led().await;
    for server in &mut dead {
        server.kill().await;
    }
    leaderless(&survivor).await;
    gate.set(door);
    let listed = [&[3], newcomers].concat();
    let mut empty = Vec::new();
    for n in newcomers {
        empty.push(world.newcomer(*n, &listed));
    }
    for newcomer in &empty {
        waits_for(newcomer, &cluster, "n1, n2").await;
    }
    founding(&survivor, "quorum-lost").await;
    gate.set(Door::Open);
    for server in &mut dead {
        server.restart();
    }
    let all: Vec<&Agent> = dead.iter().chain([&survivor]).chain(&empty).collect();
    vote(&all).await;
    for agent in all {
        cluster.holds(agent).await;
    }
}

#[tokio::test]
async fn a_survivor_whose_server_port_refuses_is_not_taken_for_empty() {
    survivor_with_a_shut_port(Door::Refusing, &[4, 5, 6]).await;
}

#[tokio::test]
async fn a_survivor_whose_server_port_is_silent_is_not_taken_for_empty() {
    survivor_with_a_shut_port(Door::Silent, &[4, 5]).await;
}

#[tokio::test]
async fn a_voter_that_is_wiped_between_two_writes_takes_none_of_them_back() {
    let world = World::new();
    let mut servers = world.servers(3, &[SOON]);
    for server in &servers {
        server.write("before", "1").await;
    }
    servers[2].kill().await;
    // Acknowledged by the first and the second alone.
    let cluster = Cluster::filled(&servers[..2], 50).await;
    for server in &mut servers[..2] {
        server.kill().await;
    }
    world.wipe(2);
    for server in &mut servers[1..] {
        server.restart();
    }
    let line = founding(&servers[2], "quorum-lost").await;
    let told = "n1 (does not answer), n2 (is here with another disk)";
    assert!(line.contains(told), "{line}");
    cluster.never_left_by(&servers[1]).await;
    assert_eq!(servers[2].leader().await, "");
    servers[0].restart();
    vote(&servers.iter().collect::<Vec<_>>()).await;
    for server in &servers {
        cluster.holds(server).await;
    }
}

#[tokio::test]
async fn a_wiped_majority_votes_no_old_log_away() {
    let world = World::new();
    let (mut servers, cluster) = three(&world).await;
    for server in &mut servers[..2] {
        server.kill().await;
    }
    leaderless(&servers[2]).await;
    for (n, server) in (1..).zip(&mut servers[..2]) {
        world.wipe(n);
        server.restart();
    }
    let write = servers[2].try_put("/v1/kv/new", "x");
    let lost = founding(&servers[2], "quorum-lost");
    let (written, line) = futures_util::future::join(write, lost).await;
    assert_eq!(written, Some(500));
    let told = "n1 (is here with another disk), n2 (is here with another disk)";
    assert!(line.contains(told), "{line}");
    for wiped in &servers[..2] {
        cluster.never_left_by(wiped).await;
        assert_eq!(wiped.leader().await, "");
    }
    cluster.kept_by(&servers[2]).await;
}

#[tokio::test]
async fn an_old_server_that_returns_to_a_new_cluster_is_refused_and_both_keep_all() {
    let world = World::new();
    let (mut old, first) = three(&world).await;
    for server in &mut old {
        server.kill().await;
    }
    let listed = [3, 4, 5, 6];
    let new = [4, 5, 6].map(|n| world.newcomer(n, &listed));
    let second = Cluster::filled(&new, 200).await;
    assert_ne!(first.id, second.id);
    let returned = world.newcomer(3, &listed);
    for side in [&returned, &new[0], &new[1], &new[2]] {
        let line = side.logged("belongs to cluster").await;
        assert!(
            line.contains(&first.id) && line.contains(&second.id),
            "{line}"
        );
    }
    assert_eq!(returned.leader().await, "");
    vote(&new.iter().collect::<Vec<_>>()).await;
    // With another of its kind it is a cluster again, beside the new one.
    old[0].restart();
    for (cluster, agents) in [(&first, &[&old[0], &returned][..]), (&second, &[&new[0]])] {
        for agent in agents {
            cluster.holds(agent).await;
        }
    }
    for agent in [&returned, &new[0]] {
        let members = agent.members(1).await;
        assert!(
            members == ["n1", "n3"] || members == ["n4", "n5", "n6"],
            "{members:?}"
        );
    }
}

/// Waits until a server knows another leader than this one.
async fn follows_another(server: &Agent, leader: &str) {
    eventually(&format!("{} follows another", server.addr()), || async {
        let now = server.leader().await;
        (!now.is_empty() && now != leader).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_leader_that_is_stopped_and_goes_on_follows_the_new_one() {
    let world = World::new();
    let (servers, cluster) = three(&world).await;
    let leader = servers[0].led().await;
    let leads = |server: &&Agent| leader == format!("{}:8300", server.addr());
    let stopped = servers.iter().find(leads).unwrap();
    let others: Vec<&Agent> = servers.iter().filter(|server| !leads(server)).collect();
    stopped.signal("STOP").await;
    // A write that is sent to the stopped one would wait for its answer.
    for other in &others {
        follows_another(other, &leader).await;
    }
    for other in &others {
        other
            .write("while/stopped", &other.addr().to_string())
            .await;
    }
    stopped.signal("CONT").await;
    // From its first moment on it serves what was written without it.
    let seen = stopped.read("while/stopped").await;
    assert_eq!(seen, (200, others[1].addr().to_string()));
    follows_another(stopped, &leader).await;
    cluster.holds(stopped).await;
}
