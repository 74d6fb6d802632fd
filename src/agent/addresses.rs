//! Tells raft where its peers are now, on every server, led or not: so a cluster whose addresses
//! all changed at once finds its quorum again.

use std::sync::Arc;

use tokio::sync::watch;

use crate::raft::{PeerStatus, Raft};
use crate::types::{Member, MemberStatus};

/// Passes on what the alive servers say of their own address, and again once raft has another
/// configuration: a server that moved before it was in one is not told of again.
pub(super) async fn run(mut members: watch::Receiver<Arc<[Member]>>, raft: Raft) {
    let mut status = raft.watch_status();
    loop {
        let now = Arc::clone(&members.borrow_and_update());
        let configured = status.status().peers;
        for member in now
            .iter()
            .filter(|member| member.status == MemberStatus::Alive)
        {
            if let Some(server) = member.says.server() {
                raft.learn_address(server.raft_id, server.rpc_addr);
            }
        }
        tokio::select! {
            Ok(()) = members.changed() => {}
            Ok(_) = status.wait_for(|status| !is_same(&status.peers, &configured)) => {}
            else => return,
        }
    }
}

/// The same servers at the same addresses.
fn is_same(now: &[PeerStatus], before: &[PeerStatus]) -> bool {
    let where_is = |status: &PeerStatus| (status.id, status.peer.rpc_addr);
    now.iter().map(where_is).eq(before.iter().map(where_is))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::SocketAddr;
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;
    use tokio::sync::mpsc;

    use super::*;
    use crate::host::Storage;
    use crate::http::fake::server;
    use crate::raft::{Peer, RaftConfig, Transport, TransportError};
    use crate::types::RaftId;

    /// Tells where raft sends its messages, and loses them.
    struct Seen(mpsc::Sender<SocketAddr>);

    impl Transport for Seen {
        fn call<'a>(
            &'a self,
            to: &'a Peer,
            _target: RaftId,
            _payload: Bytes,
            _deadline: Duration,
        ) -> BoxFuture<'a, Result<Bytes, TransportError>> {
            let _full_or_over = self.0.try_send(to.rpc_addr);
            let reason = "lost".to_owned();
            async { Err(TransportError::Unreachable { reason }) }.boxed()
        }
    }

    fn voter(member: &Member, rpc_addr: SocketAddr) -> (RaftId, Peer) {
        let peer = Peer {
            node_id: member.says.node_id,
            name: member.says.name.to_string(),
            rpc_addr,
        };
        (member.says.server().unwrap().raft_id, peer)
    }

    #[tokio::test]
    async fn a_peer_that_moved_before_raft_knew_of_it_is_reached_where_it_is_now() {
        let (own, other) = (
            server(1, "s1", MemberStatus::Alive),
            server(2, "s2", MemberStatus::Alive),
        );
        let now = other.says.server().unwrap().rpc_addr;
        let before = SocketAddr::from(([127, 0, 0, 99], 8300));
        let (seen, mut asked) = mpsc::channel(64);
        let voters = BTreeMap::from([voter(&own, now), voter(&other, before)]);
        let own_id = own.says.server().unwrap().raft_id;
        let settings = RaftConfig::default();
        let transport = Arc::new(Seen(seen));
        let raft = Raft::start(settings, own_id, Storage::Nowhere, transport);
        let raft = raft.await.unwrap();
        let (_members, told) = watch::channel(Arc::from([own, other]));
        tokio::spawn(run(told, raft.clone()));
        // The list is known, and will not change, before raft hears of its peers.
        tokio::task::yield_now().await;
        raft.initialize(voters).await.unwrap();
        let found = async { while asked.recv().await.unwrap() != now {} };
        let found = tokio::time::timeout(Duration::from_secs(20), found);
        found.await.expect("raft asks where the peer was");
    }
}
