//! All addresses change at once, of servers and clients, and nobody edits a file (the demand
//! study's scenario A3): who is who goes by ids, and where he is by gossip.

use std::time::{Duration, Instant};

use serde_json::Value;

#[cfg(feature = "aws")]
use crate::support::ec2::{Instance, StandIn};
use crate::support::{Agent, Cluster, SOON, World, eventually, vote};

/// How all servers were stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Term,
    Kill,
}

/// Servers 1 to n and client n + 1, filled with keys, all told of the servers.
pub(super) async fn filled(world: &World, n: u8) -> (Vec<Agent>, Cluster) {
    let mut agents = world.servers(n, &[SOON]);
    let cluster = Cluster::filled(&agents, 200).await;
    let client = world.agent(n + 1, &[&world.list([1])[0]]);
    client.sees(usize::from(n) + 1).await;
    agents.push(client);
    (agents, cluster)
}

async fn stop(agents: &mut [Agent], how: Stop) {
    if how == Stop::Term {
        for agent in agents.iter() {
            agent.signal("TERM").await;
        }
        for agent in agents.iter_mut() {
            agent.ended().await;
        }
    }
    for agent in agents {
        agent.kill().await;
    }
}

/// Starts every agent with its data at the address that `place` gives it, the last first, with
/// these sources.
fn start(world: &World, n: u8, place: impl Fn(u8) -> u8, list: &[String]) -> Vec<Agent> {
    let expect = format!("-bootstrap-expect={n}");
    let mut agents = Vec::new();
    for number in (1..=n + 1).rev() {
        let mut flags = vec![SOON];
        flags.extend(list.iter().map(String::as_str));
        if number <= n {
            flags.extend(["-server", &expect]);
        }
        agents.push(world.agent_at(place(number), number, &flags));
    }
    agents.reverse();
    agents
}

/// Checks that all are back as what they were, at their new addresses and at no other.
pub(super) async fn are_back(
    world: &World,
    agents: &[Agent],
    place: impl Fn(u8) -> u8,
    cluster: &Cluster,
) {
    let (client, servers) = agents.split_last().unwrap();
    vote(&servers.iter().collect::<Vec<_>>()).await;
    for agent in agents {
        cluster.holds(agent).await;
        assert!(!agent.log_text().contains("Attempting bootstrap"));
    }
    let mut expected: Vec<String> = (1..=u8::try_from(agents.len()).unwrap())
        .map(|n| world.addr(place(n)).to_string())
        .collect();
    expected.sort();
    for agent in [client, &servers[0]] {
        eventually("members show the new addresses alone", || async {
            let (_, body) = agent.try_get("/v1/agent/members").await?;
            let list: Vec<Value> = serde_json::from_str(&body).ok()?;
            let mut shown: Vec<String> = list
                .iter()
                .map(|member| member["Addr"].as_str().unwrap().to_owned())
                .collect();
            shown.sort();
            (shown == expected).then_some(())
        })
        .await;
    }
    // The leader follows the members one by one, and this server follows the leader.
    eventually("the raft configuration has the new addresses", || async {
        let configuration = servers[0].stat("raft", "latest_configuration").await;
        let mut numbers = 1..=u8::try_from(servers.len()).unwrap();
        let addr = |n| format!("Address:{}:8300}}", world.addr(place(n)));
        numbers
            .all(|n| configuration.contains(&addr(n)))
            .then_some(())
    })
    .await;
}

/// Stops all, moves all, and waits until all are back; the list names the new addresses.
async fn move_all(n: u8, how: Stop, place: impl Fn(u8) -> u8 + Copy) {
    let world = World::new();
    let (mut agents, cluster) = filled(&world, n).await;
    stop(&mut agents, how).await;
    let began = Instant::now();
    let agents = start(&world, n, place, &world.list((1..=n).map(place)));
    for server in &agents[..usize::from(n)] {
        server.led().await;
    }
    let took = began.elapsed();
    println!("{n} servers led {took:?} after their start elsewhere");
    assert!(took < Duration::from_secs(15), "{took:?}");
    are_back(&world, &agents, place, &cluster).await;
}

#[tokio::test]
async fn three_stopped_servers_come_back_on_other_addresses() {
    move_all(3, Stop::Term, |n| n + 10).await;
}

#[tokio::test]
async fn five_killed_servers_come_back_on_other_addresses() {
    move_all(5, Stop::Kill, |n| n + 10).await;
}

#[tokio::test]
async fn servers_that_swap_their_addresses_are_not_taken_for_each_other() {
    move_all(3, Stop::Kill, |n| n % 4 + 1).await;
}

#[tokio::test]
async fn servers_that_moved_before_their_list_did_are_back_once_it_is_right() {
    let world = World::new();
    let place = |n: u8| n + 10;
    let (mut agents, cluster) = filled(&world, 3).await;
    stop(&mut agents, Stop::Kill).await;
    // Everything that they know names the old addresses, where nobody is.
    let agents = start(&world, 3, place, &world.list(1..=3));
    for agent in &agents {
        agent.logged("Join cluster failed").await;
        assert_eq!(agent.leader().await, "");
    }
    // A person tells the client, which no vote depends on, of the servers.
    let began = Instant::now();
    for n in 1..=3 {
        let join = format!("/v1/agent/join/{}", world.addr(place(n)));
        assert_eq!(agents[3].put(&join, "").await.0, 200);
    }
    for server in &agents[..3] {
        server.led().await;
    }
    println!("3 servers led {:?} after they were told", began.elapsed());
    are_back(&world, &agents, place, &cluster).await;
}

#[cfg(feature = "aws")]
#[tokio::test]
async fn servers_that_moved_before_the_ec2_list_did_are_back_once_it_is_right() {
    let world = World::new();
    let place = |n: u8| n + 10;
    let listed = |numbers: [u8; 3]| {
        let running = |n| Instance::running(&format!("i-{n}"), world.addr(n));
        numbers.map(|n| running(n).tag("role", "server")).to_vec()
    };
    let (mut agents, cluster) = filled(&world, 3).await;
    stop(&mut agents, Stop::Kill).await;
    let cloud = StandIn::start(listed([1, 2, 3])).await.unwrap();
    let source = format!(
        "-retry-join=provider=aws region=eu-west-1 tag_key=role tag_value=server endpoint={} \
         access_key_id=AKIDEXAMPLE secret_access_key=never-shown",
        cloud.url()
    );
    let agents = start(&world, 3, place, &[source]);
    for agent in &agents {
        agent.logged("Join cluster failed").await;
        assert_eq!(agent.leader().await, "");
    }
    let began = Instant::now();
    cloud.set_instances(listed([1, 2, 3].map(place)));
    for server in &agents[..3] {
        server.led().await;
    }
    println!(
        "3 servers led {:?} after the list was right",
        began.elapsed()
    );
    are_back(&world, &agents, place, &cluster).await;
}
