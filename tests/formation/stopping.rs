//! Stopping is not leaving: servers stop and come back one by one, and nobody who writes notices.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};

use serde_json::Value;

use crate::support::{Agent, SOON, World, eventually, vote};

/// How many writes are under way at once.
const WRITERS: usize = 4;

/// What a time of constant writing showed.
struct Written {
    keys: Vec<String>,
    /// Longest time between two acknowledgements, of whichever writer.
    gap: Duration,
    /// Writes that came back as anything but done.
    failed: Vec<String>,
}

/// Writes through an agent until told to end, one write after the other for each writer.
async fn write_on(through: &Agent, end: &Cell<bool>) -> Written {
    let last = Cell::new(Instant::now());
    let gap = Cell::new(Duration::ZERO);
    let writers = (0..WRITERS).map(|writer| {
        let (last, gap) = (&last, &gap);
        async move {
            let (mut keys, mut failed) = (Vec::new(), Vec::new());
            for n in 0.. {
                let key = format!("during/{writer}/{n}");
                let (status, body) = through.put(&format!("/v1/kv/{key}"), "x").await;
                if status == 200 {
                    keys.push(key);
                    gap.set(gap.get().max(last.get().elapsed()));
                    last.set(Instant::now());
                } else {
                    failed.push(format!("{key}: {status} {body}"));
                }
                if end.get() {
                    break;
                }
            }
            (keys, failed)
        }
    });
    let (keys, failed): (Vec<_>, Vec<_>) = join_all(writers).await.into_iter().unzip();
    Written {
        keys: keys.concat(),
        gap: gap.get(),
        failed: failed.concat(),
    }
}

/// Stops each server once and starts it again as soon as it has ended, waiting in between until
/// it has what the others have. Gives how many of them handed leadership over.
async fn restart_each(servers: &mut [Agent], signal: &str) -> usize {
    let mut handed_over = 0;
    for at in 0..servers.len() {
        servers[at].signal(signal).await;
        assert_eq!(servers[at].ended().await, Some(1));
        let log = servers[at].log_text();
        handed_over += usize::from(log.contains("leadership handed over"));
        servers[at].restart();
        let key = format!("after/{at}");
        let other = (at + 1) % servers.len();
        servers[other].write(&key, "1").await;
        servers[at].holds(&key).await;
        for server in servers.iter() {
            server.sees(servers.len() + 1).await;
        }
    }
    handed_over
}

#[tokio::test]
async fn servers_that_are_restarted_one_by_one_cost_no_write_and_no_wait() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    let client = world.agent(4, &[&world.list([1])[0]]);
    client.write("before", "1").await;
    for agent in servers.iter().chain([&client]) {
        agent.sees(4).await;
    }
    for signal in ["TERM", "INT"] {
        let end = Cell::new(false);
        let restart = async {
            let handed_over = restart_each(&mut servers, signal).await;
            end.set(true);
            handed_over
        };
        let (written, handed_over) = join(write_on(&client, &end), restart).await;
        let Written { keys, gap, failed } = written;
        println!("{signal}: {} writes, none for {gap:?}", keys.len());
        assert!(failed.is_empty(), "{failed:#?}");
        assert_ne!(handed_over, 0, "one of them led");
        // Quiet machines see a tenth of it; the bench tells.
        assert!(
            gap < Duration::from_secs(2),
            "longer than elections: {gap:?}"
        );
        let found = eventually("all keys", || async {
            let (_, body) = servers[2].try_get("/v1/kv/during/?keys&consistent").await?;
            serde_json::from_str::<Vec<String>>(&body).ok()
        })
        .await;
        let lost: Vec<&String> = keys.iter().filter(|key| !found.contains(key)).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}

/// Waits until an agent and the catalogue know exactly these, all alive.
async fn only_these(at: &Agent, names: &[&str]) {
    eventually(&format!("{} knows {names:?} only", at.addr()), || async {
        let alive = at.members(1).await;
        let gone = [at.members(3).await, at.members(4).await].concat();
        let is_so = alive == names && gone.is_empty() && at.catalogue().await == names;
        is_so.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_server_that_left_comes_back_as_a_voter_and_leaves_no_ghost() {
    let world = World::new();
    let mut servers = world.servers(3, &[SOON]);
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    let all: Vec<&Agent> = servers.iter().collect();
    vote(&all).await;
    assert_eq!(servers[2].put("/v1/agent/leave", "").await.0, 200);
    assert_eq!(servers[2].ended().await, Some(0));
    vote(&[&servers[0], &servers[1]]).await;
    eventually("n3 has left", || async {
        let is_gone = servers[0].catalogue().await == ["n1", "n2"];
        (is_gone && servers[0].members(3).await == ["n3"]).then_some(())
    })
    .await;
    servers[1].write("while/away", "2").await;
    servers[2].restart();
    let all: Vec<&Agent> = servers.iter().collect();
    vote(&all).await;
    for server in all {
        only_these(server, &["n1", "n2", "n3"]).await;
        assert_eq!(server.read("while/away").await, (200, "2".to_owned()));
    }
}

#[tokio::test]
async fn a_member_that_is_pruned_is_gone_for_good() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    let mut client = world.agent(2, &[&world.list([1])[0]]);
    eventually("n2 is in the catalogue", || async {
        (server.catalogue().await == ["n1", "n2"]).then_some(())
    })
    .await;
    client.kill().await;
    eventually("n2 is failed", || async {
        (server.members(4).await == ["n2"]).then_some(())
    })
    .await;
    let (status, body) = server.put("/v1/agent/force-leave/n2?prune", "").await;
    assert_eq!(status, 200, "{body}");
    only_these(&server, &["n1"]).await;
    client.restart();
    only_these(&server, &["n1", "n2"]).await;
}

#[tokio::test]
async fn an_agent_that_left_rejoins_by_itself_only_if_it_was_told_to() {
    let world = World::new();
    let server = world.agent(1, &["-server", "-bootstrap"]);
    server.led().await;
    for (n, flags) in [(2, &[][..]), (3, &["-rejoin"][..])] {
        let mut client = world.agent(n, flags);
        client.get("/v1/agent/self").await;
        let join = format!("/v1/agent/join/{}", world.addr(1));
        assert_eq!(client.put(&join, "").await.0, 200);
        client.write(&format!("by/{n}"), "1").await;
        assert_eq!(client.put("/v1/agent/leave", "").await.0, 200);
        assert_eq!(client.ended().await, Some(0));
        let dir = quorate::datadir::DataDir::open(&world.path(&format!("data-{n}"))).unwrap();
        let remembered = dir.peers().unwrap();
        drop(dir);
        assert_eq!(remembered.is_empty(), n == 2, "{remembered:?}");
        client.restart();
        if n == 3 {
            client.write("rejoined", "1").await;
        } else {
            let (status, body) = client.get("/v1/catalog/nodes").await;
            assert_eq!((status, body.as_str()), (500, "No known Consul servers"));
            assert_eq!(client.members(1).await, ["n2"]);
        }
    }
    server.sees(2).await;
}

#[tokio::test]
async fn a_server_that_was_away_for_too_long_says_so_and_ends() {
    let world = World::new();
    let mut server = world.agent(1, &["-server", "-bootstrap"]);
    server.write("before", "1").await;
    server.kill().await;
    let dir = quorate::datadir::DataDir::open(&world.path("data-1")).unwrap();
    let eight_days_ms = 8 * 24 * 3_600_000;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let noted: Option<u64> = dir.load("last-seen").unwrap();
    assert!(noted.is_some(), "nothing was noted");
    let then = u64::try_from(now.as_millis()).unwrap() - eight_days_ms;
    dir.store("last-seen", &then).unwrap();
    drop(dir);
    server.restart();
    assert_eq!(server.ended().await, Some(1));
    let line = server
        .logged("refusing to rejoin cluster because server has been offline")
        .await;
    assert!(line.contains("server_rejoin_age_max (168h0m0s)"), "{line}");
    assert!(line.contains("192 hours ago"), "{line}");
    let raised = "-hcl=server_rejoin_age_max = \"200h\"";
    let server = world.agent(1, &["-server", "-bootstrap", raised]);
    assert_eq!(server.read("before").await, (200, "1".to_owned()));
}

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

#[tokio::test]
async fn a_server_that_is_told_to_leave_on_a_signal_does_and_is_no_voter() {
    let world = World::new();
    let told = "-hcl=leave_on_terminate = true skip_leave_on_interrupt = false";
    let mut servers = world.servers(3, &[told]);
    servers[0].write("before", "1").await;
    let all: Vec<&Agent> = servers.iter().collect();
    vote(&all).await;
    for signal in ["TERM", "INT"] {
        let mut leaving = servers.pop().unwrap();
        leaving.signal(signal).await;
        assert_eq!(leaving.ended().await, Some(0), "a graceful leave");
        let rest: Vec<&Agent> = servers.iter().collect();
        vote(&rest).await;
    }
    servers[0].write("after", "2").await;
}

/// So many of the servers leave in the same moment, the leader among them or not.
async fn leave_at_once(count: u8, leaving: usize, with_leader: bool) {
    let world = World::new();
    let mut servers = world.servers(count, &[SOON]);
    servers[0].write("before", "1").await;
    vote(&servers.iter().collect::<Vec<_>>()).await;
    let leader = servers[0].led().await;
    let leads = |server: &Agent| leader == format!("{}:8300", server.addr());
    servers.sort_by_key(|server| leads(server) != with_leader);
    let rest = servers.split_off(leaving);
    let asked = servers
        .iter()
        .map(|server| server.put("/v1/agent/leave", ""));
    for (status, said) in join_all(asked).await {
        assert_eq!(status, 200, "{said}");
    }
    vote(&rest.iter().collect::<Vec<_>>()).await;
    rest[0].write("after", "2").await;
    assert_eq!(rest[0].get("/v1/kv/before?raw").await.1, "1");
}

#[tokio::test]
async fn servers_that_leave_at_once_are_all_taken_out_and_the_rest_goes_on() {
    leave_at_once(3, 2, false).await;
    leave_at_once(5, 3, false).await;
}

#[tokio::test]
async fn a_leader_that_leaves_with_others_hands_over_to_one_that_stays() {
    leave_at_once(3, 2, true).await;
    leave_at_once(5, 3, true).await;
}

#[tokio::test]
async fn a_server_whose_leave_would_break_the_quorum_stops_on_a_signal_and_stays_a_voter() {
    let world = World::new();
    let told = "-hcl=leave_on_terminate = true";
    let mut servers = world.servers(3, &[told]);
    let all: Vec<&Agent> = servers.iter().collect();
    vote(&all).await;
    servers[2].kill().await;
    eventually("n3 is failed", || async {
        (servers[1].members(4).await == ["n3"]).then_some(())
    })
    .await;
    servers[1].signal("TERM").await;
    assert_eq!(servers[1].ended().await, Some(1));
    let line = servers[1].logged("error on leave").await;
    assert!(line.contains("leaving would break the quorum"), "{line}");
    servers[1].restart();
    servers[0].write("after", "1").await;
    assert_eq!(servers[1].members(3).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_second_signal_ends_a_leave_that_takes_long() {
    let world = World::new();
    let told = "-hcl=leave_on_terminate = true";
    let mut servers = world.servers(3, &[told]);
    let all: Vec<&Agent> = servers.iter().collect();
    vote(&all).await;
    // They are members still, and take nobody out.
    for standing in &servers[1..] {
        standing.signal("STOP").await;
    }
    servers[0].signal("TERM").await;
    servers[0].logged("gracefully shutting down agent").await;
    servers[0].signal("TERM").await;
    let line = servers[0].logged("error on leave").await;
    assert!(line.contains("caught second signal, exiting"), "{line}");
    assert_eq!(servers[0].ended().await, Some(1));
}
