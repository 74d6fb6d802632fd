//! Two agents with one identity: copies of data directories, and names that are taken.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Agent, STEADY, World, eventually, throughout};

/// Copies a data directory as `cp -r` does, while its agent may be running.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Starts an agent at the n-th address under a name, joining these.
fn named(world: &World, n: u8, name: &str, join: &[u8], more: &[&str]) -> Agent {
    let mut flags = world.flags(n);
    flags[1] = format!("-node={name}");
    flags.extend(
        join.iter()
            .map(|other| format!("-retry-join={}", world.addr(*other))),
    );
    flags.extend(more.iter().map(|flag| (*flag).to_owned()));
    Agent::start(world.addr(n), flags)
}

/// Copies the first agent's directory for the n-th address, and starts it there.
fn start_copy(world: &World, n: u8, name: &str, join: &[u8], more: &[&str]) -> Agent {
    copy(&world.path("data-1"), &world.path(&format!("data-{n}")));
    named(world, n, name, join, more)
}

/// Where an agent holds a member to be.
async fn address_of(at: &Agent, name: &str) -> String {
    let members = at.get_json("/v1/agent/members").await;
    let members = members.as_array().unwrap();
    let member = members
        .iter()
        .find(|member| member["Name"] == name && member["Status"] == 1);
    member
        .map(|member| member["Addr"].as_str().unwrap().to_owned())
        .unwrap_or_default()
}

/// Waits until an agent says why it is not in.
async fn waits_for(agent: &Agent, code: &str) {
    eventually(&format!("{} says {code}", agent.addr()), || async {
        (agent.stat("quorate", "founding").await == code).then_some(())
    })
    .await;
}

async fn voters(at: &Agent) -> usize {
    let (status, body) = at.get("/v1/operator/raft/configuration").await;
    if status != 200 {
        return 0;
    }
    let configuration: serde_json::Value = serde_json::from_str(&body).unwrap();
    let servers = configuration["Servers"].as_array().unwrap();
    servers.iter().filter(|peer| peer["Voter"] == true).count()
}

#[tokio::test]
async fn a_copy_of_a_live_servers_directory_is_refused_with_its_address_and_a_third_joins_unharmed()
{
    let world = World::new();
    let servers = world.servers(3, &[STEADY]);
    for server in &servers {
        server.led().await;
    }
    servers[0].write("before", "1").await;
    let (leader, term) = (
        servers[1].led().await,
        servers[1].stat("raft", "term").await,
    );
    let (first, copied) = (world.addr(1).to_string(), world.addr(9).to_string());
    // It knows only a third one, and under whose name it starts makes no difference.
    for name in ["n1", "n9"] {
        let mut copy = start_copy(&world, 9, name, &[2], &["-server"]);
        assert_eq!(copy.ended().await, Some(1));
        let line = copy.logged("agent failed").await;
        assert!(line.contains("node-id-conflict"), "{line}");
        assert!(line.contains(&first) && line.contains(&copied), "{line}");
        std::fs::remove_dir_all(world.path("data-9")).unwrap();
    }
    // Both sides say so, with both addresses.
    let line = servers[0].logged("node-id-conflict").await;
    assert!(line.contains(&first) && line.contains(&copied), "{line}");
    let line = servers[1].logged("node-id-conflict").await;
    assert!(line.contains(&first) && line.contains(&copied), "{line}");
    assert_ne!(servers[0].stat("serf_lan", "refused_duplicate").await, "0");

    let begin = Instant::now();
    let third = named(&world, 4, "n4", &[2], &["-server"]);
    third.sees(4).await;
    eventually("the third votes", || async {
        (voters(&third).await == 4).then_some(())
    })
    .await;
    println!("a third server voted {:?} after its start", begin.elapsed());
    for server in &servers {
        assert_eq!(address_of(server, "n1").await, first);
        server.write("after", "2").await;
        assert_eq!(server.leader().await, leader);
        assert_eq!(server.stat("raft", "term").await, term);
    }
}

#[tokio::test]
async fn a_copy_of_a_leader_takes_neither_its_place_nor_its_votes() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    for server in &servers {
        server.led().await;
    }
    // The first is to be the leader, since it is the one that is copied.
    let own = format!("{}:8300", world.addr(1));
    while servers[0].led().await != own {
        let leader = servers[0].led().await;
        let at = servers
            .iter()
            .position(|s| leader.contains(&s.addr().to_string()));
        let at = at.unwrap();
        servers[at].signal("TERM").await;
        servers[at].ended().await;
        servers[at].restart();
        servers[at].led().await;
    }
    copy(&world.path("data-1"), &world.path("data-9"));
    servers[0].write("after-the-copy", "1").await;
    // Without the other two, the leader's quorum is gone; its copy must not make one with one of
    // them.
    servers[1].kill().await;
    servers[2].kill().await;
    let mut copy = named(&world, 9, "n1", &[1, 2, 3], &["-server"]);
    servers[1].restart();
    assert_eq!(copy.ended().await, Some(1));
    copy.logged("node-id-conflict").await;
    servers[2].restart();
    for server in &servers {
        // A leader that lost its quorum may refuse a read until it has one again.
        let read = eventually("the write is read", async || {
            let (status, value) = server.read("after-the-copy").await;
            (status == 200).then_some(value)
        });
        assert_eq!(read.await, "1");
        // One that came up at the same moment may have met the copy first.
        let original = world.addr(1).to_string();
        let holds = async || (address_of(server, "n1").await == original).then_some(());
        eventually("the original is the member", holds).await;
    }
}

#[tokio::test]
async fn a_server_whose_copy_took_its_place_while_it_was_silent_is_not_heard_again() {
    let world = World::new();
    let servers = world.servers(3, &[]);
    for server in &servers {
        server.led().await;
    }
    servers[0].write("before", "1").await;
    servers[0].signal("STOP").await;
    let copy = start_copy(&world, 9, "n1", &[2, 3], &["-server"]);
    copy.sees(3).await;
    copy.write("through-the-copy", "2").await;
    let (leader, term) = (copy.led().await, copy.stat("raft", "term").await);
    servers[0].signal("CONT").await;
    waits_for(&servers[0], "node-id-conflict").await;
    let line = servers[0].logged("node-id-conflict").await;
    assert!(line.contains(&world.addr(9).to_string()), "{line}");
    for server in [&servers[1], &servers[2], &copy] {
        assert_eq!(address_of(server, "n1").await, world.addr(9).to_string());
        server.write("after", "3").await;
        assert_eq!(server.leader().await, leader);
        assert_eq!(server.stat("raft", "term").await, term);
    }
    // It neither leads nor acknowledges anything.
    assert_ne!(servers[0].try_put("/v1/kv/split", "x").await, Some(200));
}

#[tokio::test]
async fn a_server_that_moved_with_its_directory_is_a_voter_at_once() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    for server in &servers {
        server.led().await;
    }
    servers[0].write("before", "1").await;
    servers[0].kill().await;
    let begin = Instant::now();
    let moved = start_copy(&world, 9, "n1", &[2, 3], &["-server"]);
    moved.sees(3).await;
    let (_, body) = moved.read("before").await;
    assert_eq!(body, "1");
    println!("a server that moved was back after {:?}", begin.elapsed());
    assert_eq!(voters(&moved).await, 3);
    assert_eq!(
        address_of(&servers[1], "n1").await,
        world.addr(9).to_string()
    );
    assert!(!servers[1].log_text().contains("node-id-conflict"));
}

#[tokio::test]
async fn a_copy_of_a_blank_directory_says_so_instead_of_waiting_for_servers() {
    let world = World::new();
    let expect = ["-server", "-bootstrap-expect=3"];
    let first = named(&world, 1, "n1", &[], &expect);
    waits_for(&first, "waiting-for-servers").await;
    let mut copy = start_copy(&world, 2, "n2", &[1], &expect);
    assert_eq!(copy.ended().await, Some(1));
    let line = copy.logged("agent failed").await;
    assert!(line.contains("node-id-conflict"), "{line}");
    assert!(line.contains(&world.addr(1).to_string()), "{line}");
    let line = first.logged("node-id-conflict").await;
    assert!(
        line.contains("'n1'") || line.contains(&world.addr(1).to_string()),
        "{line}"
    );
    assert!(line.contains("'n2'"), "{line}");
    waits_for(&first, "waiting-for-servers").await;
}

#[tokio::test]
async fn a_configured_node_id_of_a_live_agent_is_told_as_such_and_not_as_a_copied_directory() {
    let world = World::new();
    let id = "-node-id=00000000-0000-0000-0000-0000000000aa";
    let first = named(
        &world,
        1,
        "n1",
        &[],
        &["-server", "-bootstrap-expect=3", id],
    );
    waits_for(&first, "waiting-for-servers").await;
    let modes: [&[&str]; 2] = [&["-server", id], &[id]];
    for (n, more) in [2, 3].into_iter().zip(modes) {
        let mut second = named(&world, n, &format!("n{n}"), &[1], more);
        assert_eq!(second.ended().await, Some(1));
        let line = second.logged("agent failed").await;
        assert!(line.contains("node-id-conflict"), "{line}");
        assert!(line.contains("take node_id (-node-id) out"), "{line}");
        assert!(!line.contains("directory"), "{line}");
    }
}

#[tokio::test]
async fn a_name_that_lives_is_refused_on_both_sides_and_given_away_when_its_holder_fails() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    for server in &servers {
        server.led().await;
    }
    let mut second = named(&world, 9, "n3", &[1], &["-server"]);
    waits_for(&second, "name-conflict").await;
    // It knows only the first; the holder of the name hears of it all the same, and says it once.
    let both = [world.addr(3), world.addr(9)].map(|addr| addr.to_string());
    let ids = [servers[2].node_id().await, second.node_id().await];
    for agent in [&servers[0], &servers[2], &second] {
        let line = agent.logged("name-conflict").await;
        for part in both.iter().chain(&ids) {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
    assert_ne!(servers[2].stat("serf_lan", "refused_duplicate").await, "0");
    let log = servers[2].log_text();
    let told = log.lines().filter(|line| line.contains("name-conflict"));
    assert_eq!(told.count(), 1, "{log}");
    assert_eq!(
        address_of(&servers[0], "n3").await,
        world.addr(3).to_string()
    );
    let third = named(&world, 4, "n4", &[1], &[]);
    third.sees(4).await;
    // Once its holder has failed, the name is given to another at once, new id and all.
    second.kill().await;
    servers[2].kill().await;
    eventually("the holder has failed", || async {
        let failed = servers[0].members(4).await;
        failed.contains(&"n3".to_owned()).then_some(())
    })
    .await;
    let begin = Instant::now();
    second.restart();
    eventually("the name is given away", || async {
        (address_of(&servers[0], "n3").await == world.addr(9).to_string()).then_some(())
    })
    .await;
    let took = begin.elapsed();
    println!("admitted {took:?} after the start");
    assert!(took.as_secs() < 10, "{took:?}");
    second.led().await;
}

#[tokio::test]
async fn empty_servers_under_the_names_of_living_ones_found_nothing_beside_them() {
    let world = World::new();
    let servers = world.servers(3, &[]);
    for server in &servers {
        server.led().await;
    }
    let mut join = vec![1, 11, 12, 13];
    for expect in ["-bootstrap-expect=3", "-bootstrap"] {
        let start = |n: u8| {
            named(
                &world,
                10 + n,
                &format!("n{n}"),
                &join,
                &["-server", expect],
            )
        };
        let mut empty: Vec<Agent> = (1..=3).map(start).collect();
        waits_for(&empty[0], "name-conflict").await;
        throughout(Duration::from_secs(5), || async {
            for server in &empty {
                assert_eq!(server.stat("quorate", "cluster_id").await, "", "{expect}");
            }
        })
        .await;
        for server in &mut empty {
            server.kill().await;
        }
        (11..14).for_each(|n| world.wipe(n));
        join = vec![1, 2, 3];
    }
}
