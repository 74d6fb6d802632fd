//! What an operator does to a running cluster: takes a server out, hands leadership over, ends a
//! founding that cannot go on.

use std::collections::{BTreeMap, BTreeSet};

use quorate::bootstrap::{self, Ballot, Message, Proposal, Server};
use quorate::datadir::DataDir;
use quorate::types::{ClusterId, MemberStatus, NodeId, RaftId};

use crate::support::{Agent, Output, World, eventually, quorate};

async fn operate(agent: &Agent, words: &[&str]) -> Output {
    let args: Vec<&str> = ["operator"].iter().chain(words).copied().collect();
    quorate(&args, Some(format!("{}:8500", agent.addr()))).await
}

/// Each server of the configuration by name: its id as `list-peers` shows it.
async fn ids(agent: &Agent) -> BTreeMap<String, String> {
    let path = "/v1/operator/raft/configuration";
    let configuration = agent.get_json(path).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let servers = configuration["Servers"].as_array().unwrap();
    servers
        .iter()
        .map(|server| (text(&server["Node"]), text(&server["ID"])))
        .collect()
}

#[tokio::test]
async fn leadership_goes_to_the_server_that_is_named() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    let ids = ids(&servers[0]).await;
    for n in [1_u8, 2, 3, 1] {
        let target = format!("{}:8300", world.addr(n));
        let id = format!("-id={}", ids[&format!("n{n}")]);
        let follower = servers
            .iter()
            .find(|server| server.addr() != world.addr(n))
            .unwrap();
        if follower.led().await == target {
            let said = operate(follower, &["raft", "transfer-leader", &id]).await;
            assert_eq!(said.code, Some(1), "{said:?}");
            let told = "Error transfering leadership: ";
            assert!(said.stderr.contains(told), "{said:?}");
            assert!(said.stderr.contains("to itself"), "{said:?}");
            continue;
        }
        let said = operate(follower, &["raft", "transfer-leader", &id]).await;
        assert_eq!(said.stdout, "Success\n", "{said:?}");
        for server in &servers {
            eventually("all follow the new leader", || async {
                (server.leader().await == target).then_some(())
            })
            .await;
        }
    }
    let said = operate(&servers[0], &["raft", "transfer-leader", "-id=nobody"]).await;
    let told = "Could not find address for server id nobody";
    assert!(said.stderr.contains(told), "{said:?}");

    // A leader that is taken out hands over, and ends.
    let leader = servers[0].led().await;
    let flag = format!("-address={leader}");
    let said = operate(&servers[1], &["raft", "remove-peer", &flag]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    eventually("another leads", || async {
        let now = servers[1].leader().await;
        (!now.is_empty() && now != leader).then_some(())
    })
    .await;
    assert_eq!(servers[0].ended().await, Some(1));
    servers[0].logged("removed: an operator").await;
    assert_eq!(self::ids(&servers[1]).await.len(), 2);
}

#[tokio::test]
async fn a_dead_server_is_taken_out_and_one_that_is_needed_is_not() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    let join = format!("-retry-join={}", world.addr(1));
    let client = world.agent(9, &[&join]);
    client.led().await;
    let ids = ids(&client).await;
    servers[2].kill().await;
    client.write("while/two", "1").await;

    // Wait until the leader has missed the dead one, then ask for an alive one.
    let refused = eventually("the leader misses the dead one", || async {
        let id = format!("-id={}", ids["n2"]);
        let said = operate(&client, &["raft", "remove-peer", &id]).await;
        (said.code == Some(1)).then_some(said)
    });
    let dead_is_missed = eventually("gossip misses the dead one", || async {
        (client.members(4).await == ["n3"]).then_some(())
    });
    dead_is_missed.await;
    let refused = refused.await;
    assert!(refused.stderr.contains("no quorum"), "{refused:?}");

    let said = operate(&client, &["raft", "remove-peer", "-address=192.0.2.9:8300"]).await;
    let told = r#"Error removing peer: Unexpected response code: 500 (address "192.0.2.9:8300" was not found in the Raft configuration; "#;
    assert!(said.stderr.starts_with(told), "{said:?}");
    let address = format!("{}:8300", world.addr(3));
    let flag = format!("-address={address}");
    let said = operate(&client, &["raft", "remove-peer", &flag]).await;
    assert_eq!(
        said.stdout,
        format!("Removed peer with address {address:?}\n"),
        "{said:?}"
    );
    let left = self::ids(&client).await;
    assert_eq!(left.keys().collect::<Vec<_>>(), ["n1", "n2"]);
    client.write("after", "1").await;
}

/// The ledger of a server that has promised.
fn promise(view: &bootstrap::View, proposal: &Proposal) -> bootstrap::Ledger {
    let step = bootstrap::answer(view, &Message::Prepare(proposal.clone()));
    step.write.unwrap()
}

/// The ledger of a member that has let raft speak.
fn with_raft(
    view: &bootstrap::View,
    ledger: &bootstrap::Ledger,
    cluster: ClusterId,
) -> bootstrap::Ledger {
    let speech = bootstrap::Speech {
        cluster,
        has_committed: false,
    };
    let own = view.own.server.raft_id;
    match bootstrap::admit(ledger, own, bootstrap::Raft::Pristine, speech) {
        bootstrap::Admission::Adopt(next) => next,
        other => panic!("{other:?}"),
    }
}

/// A server as gossip knows it: only such a proposer is promised anything.
fn known(server: Server) -> bootstrap::Peer {
    bootstrap::Peer {
        server,
        expectation: bootstrap::Expectation::Nothing,
        announced: None,
        status: MemberStatus::Alive,
        contact: bootstrap::Contact::Answered,
        last_said: Some(bootstrap::Standing::Blank),
    }
}

/// Servers 1 and 2 promised, in a former life, to found a cluster with three that are lost. The
/// second one also let raft speak for it.
fn bound_to_the_lost(world: &World) -> ClusterId {
    let server = |n: u8, node_id: NodeId, raft_id: RaftId| Server {
        node_id,
        raft_id,
        name: format!("n{n}").parse().unwrap(),
        rpc_addr: (world.addr(n), 8300).into(),
    };
    let mut members = Vec::new();
    let mut dirs = Vec::new();
    for n in [1, 2] {
        let dir = DataDir::open(&world.path(&format!("data-{n}"))).unwrap();
        let ids = (dir.node_id(None).unwrap(), dir.raft_id().unwrap());
        members.push(server(n, ids.0, ids.1));
        dirs.push(dir);
    }
    members.extend((7..10).map(|n| server(n, NodeId::new(n.into()), RaftId::new(n.into()))));
    members.sort();
    let cluster = ClusterId::new(0xdead);
    let proposal = Proposal {
        cluster,
        ballot: Ballot {
            proposer: RaftId::new(7),
            round: 1,
        },
        members: members.clone(),
    };
    let proposer = known(server(7, NodeId::new(7), RaftId::new(7)));
    for (dir, own) in dirs.iter().zip([1, 2]) {
        let name = format!("n{own}");
        let own = members.iter().find(|m| m.name.as_str() == name);
        let view = bootstrap::View {
            own: bootstrap::Own {
                server: own.unwrap().clone(),
                expectation: bootstrap::Expectation::Nothing,
                safety: bootstrap::Safety::Majority,
                raft: bootstrap::Raft::Pristine,
            },
            ledger: bootstrap::Ledger::default(),
            peers: BTreeMap::from([(proposer.server.node_id, proposer.clone())]),
            unreached: BTreeSet::new(),
            open_sources: BTreeSet::new(),
            called: BTreeSet::new(),
            fates: BTreeMap::new(),
            is_overdue: false,
        };
        let mut ledger = promise(&view, &proposal);
        if name == "n2" {
            ledger = with_raft(&view, &ledger, cluster);
        }
        dir.store("founding", &ledger).unwrap();
    }
    cluster
}

#[tokio::test]
async fn servers_that_are_bound_to_the_lost_found_a_cluster_once_told_to_abandon_it() {
    let world = World::new();
    let lost = bound_to_the_lost(&world);
    let servers = world.servers(3, &[]);
    for server in &servers[..2] {
        let line = server.logged("founding-blocked").await;
        assert!(line.contains("operator bootstrap abandon"), "{line}");
        assert!(line.contains("n8"), "{line}");
    }
    // One that is not bound has nothing to give up.
    let said = operate(&servers[2], &["bootstrap", "abandon"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    let told = "no founding binds this server";
    assert!(said.stderr.contains(told), "{said:?}");

    // The other one that is bound hears of it and lets go.
    let said = operate(&servers[1], &["bootstrap", "abandon"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("starts again"), "{said:?}");
    assert!(said.stdout.contains(&lost.to_string()), "{said:?}");
    assert!(
        said.stdout.contains("still says founding-blocked"),
        "{said:?}"
    );
    for server in &servers {
        server.led().await;
        assert_ne!(server.stat("quorate", "cluster_id").await, lost.to_string());
        let said = operate(server, &["bootstrap", "abandon"]).await;
        assert!(said.stderr.contains("has committed"), "{said:?}");
    }
}
