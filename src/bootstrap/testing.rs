//! Servers and views for the tests of this room: server `n` has the ids `n`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use crate::types::{ClusterId, MemberStatus, NodeId, RaftId};

use super::{
    Ballot, Contact, Expectation, Ledger, Own, Peer, Proposal, Raft, Safety, Server, Standing, View,
};

pub(super) fn server(n: u128) -> Server {
    let port = u16::try_from(8000 + n).unwrap();
    Server {
        node_id: NodeId::new(n),
        raft_id: RaftId::new(n),
        name: format!("s{n}").parse().unwrap(),
        rpc_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
    }
}

pub(super) fn cluster(n: u128) -> ClusterId {
    ClusterId::new(n)
}

/// The first proposal of a server, for cluster 100.
pub(super) fn proposal(proposer: u128, members: &[u128]) -> Proposal {
    Proposal {
        cluster: cluster(100),
        ballot: Ballot {
            proposer: RaftId::new(proposer),
            round: 1,
        },
        members: members.iter().map(|n| server(*n)).collect(),
    }
}

/// A server that is alive and said just now that it is blank, and expects 3.
pub(super) fn peer(n: u128) -> Peer {
    Peer {
        server: server(n),
        expectation: Expectation::Servers(3),
        announced: None,
        status: MemberStatus::Alive,
        contact: Contact::Answered,
        last_said: Some(Standing::Blank),
    }
}

/// What server `own` sees: it and the others are blank and expect 3.
pub(super) fn view(own: u128, others: &[u128]) -> View {
    View {
        own: Own {
            server: server(own),
            expectation: Expectation::Servers(3),
            safety: Safety::Majority,
            raft: Raft::Pristine,
        },
        ledger: Ledger::default(),
        peers: others.iter().map(|n| (NodeId::new(*n), peer(*n))).collect(),
        unreached: BTreeSet::new(),
        open_sources: BTreeSet::new(),
        called: BTreeSet::new(),
        fates: BTreeMap::new(),
        is_overdue: false,
    }
}

impl View {
    pub(super) fn peer_mut(&mut self, n: u128) -> &mut Peer {
        self.peers.get_mut(&NodeId::new(n)).unwrap()
    }
}
