//! Says on a client that its cluster seems to be gone, when another one has its servers' addresses.
//!
//! A recovery gives a cluster a new id, and clients remember the old one. They do not follow by
//! themselves: who has an address is no proof of who took whose place, and two clusters would grow
//! together. A client holds nothing but the id, so a person may let it follow by removing that.

use std::path::PathBuf;
use std::sync::Arc;

use tracing::warn;

use super::membership::RECORD;
use super::obstacle::FRESH;
use super::parts::Parts;
use crate::gossip::{Conflict, ConflictKind};
use crate::types::{ClusterId, Member, MemberStatus};

/// Runs until gossip ends; one line for each other cluster.
pub(super) async fn run(parts: Arc<Parts>) {
    let (mut conflicts, mut members) = (parts.gossip.conflicts(), parts.gossip.watch());
    let mut told = None;
    loop {
        let seen = Arc::clone(&conflicts.borrow_and_update());
        let list = Arc::clone(&members.borrow_and_update());
        let found = parts.membership.cluster().and_then(|own| {
            let fresh = seen.iter().filter(|seen| seen.last_seen.elapsed() < FRESH);
            let mut fresh = fresh.map(|seen| &seen.conflict);
            fresh.find_map(|conflict| Some((own, other(own, &list, conflict)?, conflict)))
        });
        if let Some((own, other, conflict)) = found.filter(|found| told != Some(found.1)) {
            told = Some(other);
            let detail = prose(&parts, own, other, conflict);
            warn!(target: "agent", reason = conflict.kind.code(), detail = %detail,
                "client stays out");
        }
        tokio::select! {
            Ok(()) = conflicts.changed() => {}
            Ok(()) = members.changed() => {}
            else => return,
        }
    }
}

/// The cluster that this agent met in place of its own, of which no server is there.
fn other(own: ClusterId, members: &[Member], conflict: &Conflict) -> Option<ClusterId> {
    let is_led = members
        .iter()
        .any(|member| member.status == MemberStatus::Alive && member.says.server().is_some());
    let is_it = conflict.own && conflict.kind == ConflictKind::Cluster && !is_led;
    conflict
        .theirs
        .cluster
        .filter(|other| is_it && *other != own)
}

fn prose(parts: &Parts, own: ClusterId, other: ClusterId, conflict: &Conflict) -> String {
    let dir = parts.dir.path().map(PathBuf::from).unwrap_or_default();
    let file = dir.join(format!("{RECORD}.record"));
    format!(
        "this client belongs to cluster {own}, of which no server is here; {} at {} belongs to \
         cluster {other}; if that took the place of the old one, as after a recovery, stop what is \
         left of the old one, then this agent, remove {} and start it again: a client holds \
         nothing else of its cluster",
        conflict.theirs,
        conflict.theirs.addr,
        file.display()
    )
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::gossip::Party;
    use crate::types::{Announcement, NodeId, RaftId, Role, ServerRole};

    fn server(status: MemberStatus) -> Member {
        let addr = SocketAddr::from(([127, 0, 0, 1], 1));
        let role = ServerRole {
            raft_id: RaftId::new(1),
            rpc_addr: addr,
            expect: None,
            bootstrap: false,
        };
        Member {
            says: Announcement {
                node_id: NodeId::new(1),
                name: "n1".parse().unwrap(),
                datacenter: "dc1".parse().unwrap(),
                generation: 1,
                version: 1,
                gossip_addr: addr,
                build: String::new(),
                cluster: Some(ClusterId::new(1)),
                role: Role::Server(role),
            }
            .into(),
            status,
        }
    }

    fn conflict(kind: ConflictKind) -> Conflict {
        let party = |cluster| Party {
            cluster: Some(ClusterId::new(cluster)),
            ..Party::from(&*server(MemberStatus::Alive).says)
        };
        Conflict {
            kind,
            ours: party(1),
            theirs: party(2),
            own: true,
            refused_by: None,
        }
    }

    #[test]
    fn a_client_is_stranded_when_no_server_of_its_cluster_is_there_and_another_cluster_is() {
        let own = ClusterId::new(1);
        let met = conflict(ConflictKind::Cluster);
        let down = [server(MemberStatus::Failed)];
        assert_eq!(other(own, &down, &met), Some(ClusterId::new(2)));
        assert_eq!(other(own, &[], &met), Some(ClusterId::new(2)));
        assert_eq!(other(own, &[server(MemberStatus::Alive)], &met), None);
        let name = conflict(ConflictKind::NodeName);
        assert_eq!(other(own, &down, &name), None, "a name is no cluster");
        assert_eq!(other(ClusterId::new(2), &down, &met), None);
    }
}
