//! How autopilot sees the servers of a made-up cluster.

use std::time::Duration;

use crate::http::node::{AutopilotServer, RaftPeer};
use crate::types::{MemberStatus, NodeId};

/// A voter does well; another server failed.
pub(super) fn server(peer: RaftPeer) -> AutopilotServer {
    AutopilotServer {
        node_id: NodeId::new(peer.raft_id.bits() >> 64),
        name: peer.name,
        address: peer.address,
        status: Some(if peer.is_voter {
            MemberStatus::Alive
        } else {
            MemberStatus::Failed
        }),
        build: "0.1.0".to_owned(),
        is_leader: peer.is_leader,
        is_voter: peer.is_voter,
        is_healthy: peer.is_voter,
        last_contact: Some(Duration::from_micros(15_250)),
        last_term: 2,
        last_index: peer.last_index,
        stable_since_ms: 1_735_787_045_678,
    }
}
