//! Empty servers come to a living cluster, or in the place of one that was: they become its
//! voters and never found another (the demand study's scenario A2; `h` is in `wiped`).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::support::{
    Agent, Cluster, Door, SOON, World, all_vote, eventually, founding, throughout, vote,
};

/// Three servers with a thousand keys.
pub(super) async fn three(world: &World) -> (Vec<Agent>, Cluster) {
    let servers = world.servers(3, &[SOON]);
    let cluster = Cluster::filled(&servers, 1_000).await;
    (servers, cluster)
}

/// Waits until these vote, the last of them new, and checks that every one of them serves every
/// key as the same cluster.
pub(super) async fn took_in(cluster: &Cluster, voters: &[&Agent]) {
    all_vote(voters).await;
    let newcomer = voters.last().unwrap();
    cluster.never_left_by(newcomer).await;
    for voter in voters {
        cluster.holds(voter).await;
    }
}

#[tokio::test]
async fn an_empty_server_takes_the_place_of_a_killed_one() {
    let world = World::new();
    let (mut servers, cluster) = three(&world).await;
    servers[2].kill().await;
    let newcomer = world.newcomer(4, &[1, 2, 3, 4]);
    let voters = [&servers[0], &servers[1], &newcomer];
    took_in(&cluster, &voters).await;
    vote(&voters).await;
}

/// Looks for so long whether a server that comes is on the way to a cluster of its own, and which
/// codes it gives how often.
async fn watched(newcomer: &Agent, cluster: &Cluster, span: Duration) -> BTreeMap<String, u32> {
    let codes = RefCell::new(BTreeMap::new());
    throughout(span, || async {
        cluster.never_left_by(newcomer).await;
        let why = newcomer.get_json("/v1/agent/why").await;
        let code = why["Code"].as_str().unwrap().to_owned();
        *codes.borrow_mut().entry(code).or_default() += 1;
    })
    .await;
    codes.into_inner()
}

/// An empty server comes while nobody gets through to the leader, and for so long from then on; it
/// votes soon after that.
pub(super) async fn a_leader_hears_nobody(span: Duration) {
    let world = World::new();
    let ids = ["1", "2", "3"].map(|n| format!("-node-id=00000000-0000-0000-0000-00000000000{n}"));
    let mut flags = vec!["-server".to_owned(), "-bootstrap-expect=3".to_owned()];
    flags.push(SOON.to_owned());
    flags.extend(world.list(1..=4));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let with = |id| [&flags[..], &[id]].concat();
    // The smallest node id proposes, and the proposer is the first leader.
    let (first, gate) = world.gated(1, &with(&ids[0])).await;
    let servers = [
        first,
        world.agent(2, &with(&ids[1])),
        world.agent(3, &with(&ids[2])),
    ];
    let cluster = Cluster::filled(&servers, 1_000).await;
    assert_eq!(servers[1].led().await, format!("{}:8300", world.addr(1)));
    gate.set(Door::Silent);
    let [first, second, mut third] = servers;
    third.kill().await;
    let newcomer = world.newcomer(4, &[1, 2, 3, 4]);
    newcomer.logged("existing cluster found").await;
    let codes = watched(&newcomer, &cluster, span).await;
    println!("while nobody got through to the leader: {codes:?}");
    let leads = second.led().await == format!("{}:8300", first.addr());
    let right = ["waiting-unknown-peers", "joining", "formed", "no-leader"];
    let waits = |code: &String| right.contains(&code.as_str());
    assert!(codes.keys().all(waits) || !leads, "{codes:?}");
    gate.set(Door::Open);
    let opened = Instant::now();
    took_in(&cluster, &[&first, &second, &newcomer]).await;
    let took = opened.elapsed();
    println!("a voter with every key {took:?} after that");
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test]
async fn an_empty_server_waits_for_a_leader_that_hears_nobody() {
    a_leader_hears_nobody(Duration::ZERO).await;
}

#[tokio::test]
async fn an_empty_server_that_knows_only_a_dead_one_waits() {
    let world = World::new();
    let (mut servers, cluster) = three(&world).await;
    servers[2].kill().await;
    let newcomer = world.newcomer(4, &[3]);
    let line = founding(&newcomer, "waiting-unknown-peers").await;
    assert!(line.contains(&world.addr(3).to_string()), "{line}");
    newcomer.logged("Join cluster failed").await;
    cluster.never_left_by(&newcomer).await;
    let join = format!("/v1/agent/join/{}", world.addr(1));
    assert_eq!(newcomer.put(&join, "").await.0, 200);
    took_in(&cluster, &[&servers[0], &servers[1], &newcomer]).await;
}

#[tokio::test]
async fn an_empty_server_that_finds_only_a_client_waits_for_its_dead_servers() {
    let world = World::new();
    let (mut servers, cluster) = three(&world).await;
    let client = world.agent(5, &[&world.list([1])[0]]);
    client.sees(4).await;
    for server in &mut servers {
        server.kill().await;
    }
    let newcomer = world.newcomer(4, &[5]);
    let line = founding(&newcomer, "joining").await;
    assert!(line.contains(&cluster.id), "{line}");
    eventually("the client holds all servers for failed", || async {
        (client.members(4).await == ["n1", "n2", "n3"]).then_some(())
    })
    .await;
    founding(&newcomer, "joining").await;
    cluster.never_left_by(&newcomer).await;
    for server in &mut servers {
        server.restart();
    }
    let voters: Vec<&Agent> = servers.iter().chain([&newcomer]).collect();
    took_in(&cluster, &voters).await;
    cluster.holds(&client).await;
}

/// An empty server comes while all three are stopped, and for so long from then on; it says whom it
/// waits for, and votes soon after that.
pub(super) async fn three_are_stopped(span: Duration) {
    let world = World::new();
    let (servers, cluster) = three(&world).await;
    for server in &servers {
        server.signal("STOP").await;
    }
    let newcomer = world.newcomer(4, &[1, 2, 3]);
    let line = founding(&newcomer, "waiting-unknown-peers").await;
    for n in 1..=3 {
        assert!(line.contains(&world.addr(n).to_string()), "{line}");
    }
    eventually("the newcomer says so when it is asked why", || async {
        let said = newcomer.get_json("/v1/agent/why").await;
        (said["Code"] == "waiting-unknown-peers").then_some(())
    })
    .await;
    throughout(span, || async {
        cluster.never_left_by(&newcomer).await;
        let said = newcomer.get_json("/v1/agent/why").await;
        assert_eq!(said["Code"], "waiting-unknown-peers", "{said}");
        for n in 1..=3 {
            let line = said["Line"].as_str().unwrap();
            assert!(line.contains(&world.addr(n).to_string()), "{said}");
        }
    })
    .await;
    for server in &servers {
        server.signal("CONT").await;
    }
    let gone_on = Instant::now();
    let voters: Vec<&Agent> = servers.iter().chain([&newcomer]).collect();
    took_in(&cluster, &voters).await;
    let took = gone_on.elapsed();
    println!("a voter with every key {took:?} after they went on");
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test]
async fn an_empty_server_waits_for_three_that_are_stopped() {
    three_are_stopped(Duration::ZERO).await;
}

#[tokio::test]
async fn an_empty_server_that_expects_one_waits_and_joins() {
    let world = World::new();
    let (mut servers, cluster) = three(&world).await;
    servers[2].kill().await;
    let dead = &world.list([3])[0];
    let newcomer = world.agent(4, &["-server", "-bootstrap-expect=1", SOON, dead]);
    founding(&newcomer, "waiting-unknown-peers").await;
    cluster.never_left_by(&newcomer).await;
    let join = format!("/v1/agent/join/{}", world.addr(1));
    assert_eq!(newcomer.put(&join, "").await.0, 200);
    took_in(&cluster, &[&servers[0], &servers[1], &newcomer]).await;
}

#[tokio::test]
async fn two_empty_servers_at_once_join_although_they_would_be_a_majority() {
    let world = World::new();
    let (mut servers, cluster) = three(&world).await;
    servers[2].kill().await;
    let newcomers = [4, 5].map(|n| world.newcomer(n, &[1, 2, 3, 4, 5]));
    let voters: Vec<&Agent> = servers[..2].iter().chain(&newcomers).collect();
    took_in(&cluster, &voters).await;
    cluster.never_left_by(&newcomers[0]).await;
}

/// Writes through the servers in turn until told to end; gives the keys that were acknowledged
/// and the longest time between two of them.
async fn write_on(servers: &[&Agent], end: &Cell<bool>) -> (Vec<String>, Duration) {
    let (mut keys, mut gap, mut last) = (Vec::new(), Duration::ZERO, Instant::now());
    for n in 0.. {
        let key = format!("during/{n}");
        let path = format!("/v1/kv/{key}");
        if servers[n % servers.len()].try_put(&path, "x").await == Some(200) {
            keys.push(key);
            gap = gap.max(last.elapsed());
            last = Instant::now();
        }
        if end.get() {
            break;
        }
    }
    (keys, gap)
}

#[tokio::test]
async fn two_of_five_are_replaced_at_once_while_clients_write() {
    let world = World::new();
    let mut servers = world.servers(5, &[SOON]);
    let cluster = Cluster::filled(&servers, 1_000).await;
    let leader = servers[0].led().await;
    let leads = |server: &Agent| leader == format!("{}:8300", server.addr());
    let at = servers.iter().position(leads).unwrap();
    // The leader and one more are in the second part.
    servers.rotate_left((at + 2) % 5);
    let (rest, lost) = servers.split_at_mut(3);
    let rest: Vec<&Agent> = rest.iter().collect();
    let end = Cell::new(false);
    let replace = async {
        for server in lost.iter_mut() {
            server.kill().await;
        }
        for server in lost.iter_mut() {
            let [.., number] = server.addr().octets();
            world.wipe(number);
            server.restart();
        }
        let all: Vec<&Agent> = rest.iter().copied().chain(lost.iter()).collect();
        vote(&all).await;
        took_in(&cluster, &all).await;
        end.set(true);
    };
    let ((keys, gap), ()) = futures_util::future::join(write_on(&rest, &end), replace).await;
    println!("{} writes, none for {gap:?}", keys.len());
    assert!(
        gap < Duration::from_secs(7),
        "longer than elections: {gap:?}"
    );
    for key in keys {
        assert_eq!(servers[4].read(&key).await.0, 200, "{key}");
    }
}

#[tokio::test]
async fn starters_that_die_before_the_first_bootstrap_are_replaced() {
    let world = World::new();
    let all = [1, 2, 3, 4, 5];
    let first = world.newcomer(1, &all);
    let mut second = world.newcomer(2, &all);
    first.sees(2).await;
    second.kill().await;
    let mut third = world.newcomer(3, &all);
    eventually("the first knows of all three", || async {
        let known = first.members(1).await.len() + first.members(4).await.len();
        (known == 3).then_some(())
    })
    .await;
    third.kill().await;
    assert_eq!(first.leader().await, "");
    let replacements = [4, 5].map(|n| world.newcomer(n, &all));
    let started = Instant::now();
    for server in replacements.iter().chain([&first]) {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    println!("formed {:?} after three were alive", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(10));
    vote(&[&first, &replacements[0], &replacements[1]]).await;
}
