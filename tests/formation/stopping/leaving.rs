//! Servers that leave: on a signal, several at once, and when leaving would break the quorum.

use futures_util::future::join_all;

use crate::support::{Agent, SOON, World, eventually, leader_and_others, vote};

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

#[tokio::test]
async fn a_leave_does_not_count_on_a_voter_that_hangs_though_gossip_sees_it() {
    let world = World::new();
    let servers = world.servers(3, &[]);
    servers[0].write("before", "1").await;
    vote(&servers.iter().collect::<Vec<_>>()).await;
    let (leader, others) = leader_and_others(&servers).await;
    others[0].signal("STOP").await;
    let (status, said) = others[1].put("/v1/agent/leave", "").await;
    assert_eq!(status, 500, "{said}");
    let told = "leaving would break the quorum: the voters left would be ";
    assert!(
        said.starts_with(told) && said.contains("(missing)"),
        "{said}"
    );
    leader.write("after", "2").await;
}
