//! Tells raft where its peers are now, on every server, led or not: so a cluster whose addresses
//! all changed at once finds its quorum again.

use std::sync::Arc;

use crate::gossip::Gossip;
use crate::raft::Raft;
use crate::types::MemberStatus;

/// Passes on what the alive servers say of their own address.
pub(super) async fn run(gossip: Gossip, raft: Raft) {
    let mut members = gossip.watch();
    loop {
        let now = Arc::clone(&members.borrow_and_update());
        for member in now
            .iter()
            .filter(|member| member.status == MemberStatus::Alive)
        {
            if let Some(server) = member.says.server() {
                raft.learn_address(server.raft_id, server.rpc_addr);
            }
        }
        if members.changed().await.is_err() {
            return;
        }
    }
}
