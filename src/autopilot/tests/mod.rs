//! The duties of a leader, and what is told of the servers, as tables of views.

mod arriving;
mod dead;
mod health;
mod leaving;

use std::time::Duration;

use super::*;

fn server(n: u8) -> Server {
    Server {
        raft_id: RaftId::new(n.into()),
        node_id: NodeId::new(n.into()),
        name: format!("s{n}").parse().unwrap(),
        addr: SocketAddr::from(([127, 0, 0, n], 8300)),
        cluster: None,
        status: MemberStatus::Alive,
    }
}

fn peer(n: u8, is_voter: bool) -> Peer {
    Peer {
        raft_id: RaftId::new(n.into()),
        name: format!("s{n}"),
        addr: SocketAddr::from(([127, 0, 0, n], 8300)),
        is_voter,
        matched: 1000,
        is_answering: true,
        last_answer: Some(Duration::from_millis(100)),
    }
}

/// Three voters, all alive, led by the first.
fn calm() -> View {
    View {
        own: RaftId::new(1),
        cluster: ClusterId::new(7),
        servers: (1..=3).map(server).collect(),
        peers: (1..=3).map(|n| peer(n, true)).collect(),
        last_index: 1000,
        expected: Some(3),
        stable: Vec::new(),
        removed: BTreeSet::new(),
        config: AutopilotConfig::default(),
        heartbeat: Duration::from_millis(150),
    }
}

#[test]
fn a_calm_cluster_asks_for_nothing() {
    assert_eq!(calm().duty(), None);
}

/// `voters` servers of which the last `dead` are dead, and so many ready learners.
fn mourning(voters: u8, dead: u8, learners: u8) -> View {
    let mut view = calm();
    view.expected = Some(voters.into());
    view.servers = (1..=voters + learners).map(server).collect();
    view.peers = (1..=voters).map(|n| peer(n, true)).collect();
    for n in voters - dead..voters {
        view.servers[usize::from(n)].status = MemberStatus::Failed;
        view.peers[usize::from(n)].is_answering = false;
    }
    for n in voters + 1..=voters + learners {
        view.peers.push(peer(n, false));
        view.stable.push(RaftId::new(n.into()));
    }
    view
}

/// Does every duty; gives how the number of voters went, and the view at the end.
fn carried_out(mut view: View) -> (Vec<usize>, View) {
    let mut course = Vec::new();
    while let Some(duty) = view.duty() {
        match duty {
            Duty::Remove { raft_id, .. } => view.peers.retain(|peer| peer.raft_id != raft_id),
            Duty::Promote(id) => {
                let learner = view.peers.iter_mut().find(|peer| peer.raft_id == id);
                learner.unwrap().is_voter = true;
            }
            other => panic!("{other:?}"),
        }
        let voters = view.peers.iter().filter(|peer| peer.is_voter);
        course.push(voters.count());
    }
    (course, view)
}
