//! One raft id, one life: whose raft messages are heard, and whose answers count (decision 11).
//!
//! A copied data directory is a second process with the same raft id. Voting in both would be
//! voting twice, and the copy lacks what the original acknowledged since. Gossip holds one life of
//! each node for the present one; raft deals with that life and with no other.

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use crate::gossip::Gossip;
use crate::types::{Member, MemberStatus, NodeId, RaftId};

/// Which life of each node is the present one. Clones share what gossip tells.
#[derive(Debug, Clone)]
pub(super) struct Lives {
    own: u64,
    members: Arc<OnceLock<MemberWatch>>,
}

/// The list as gossip changes it.
type MemberWatch = watch::Receiver<Arc<[Member]>>;

/// Why a message or an answer of raft is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stale {
    /// Gossip has not heard of the node, or not yet.
    #[error("the speaker is not a member here yet")]
    Unknown,
    /// The node has a newer life.
    #[error("node-id-conflict: a newer life of this node is a member here")]
    Past,
    /// An older life of the node is a member, and alive.
    #[error("node-id-conflict: an older life of this node is a live member here")]
    Claimed,
}

impl Lives {
    /// Knows nobody yet; `own` is the generation of this process.
    pub(super) fn new(own: u64) -> Self {
        Self {
            own,
            members: Arc::default(),
        }
    }

    /// Goes by what this gossip knows from now on; a second call changes nothing.
    pub(super) fn follow(&self, gossip: &Gossip) {
        let _first_counts = self.members.set(gossip.watch());
    }

    /// The generation of this process.
    pub(super) const fn own(&self) -> u64 {
        self.own
    }

    /// Checks the speaker of a message.
    ///
    /// # Errors
    /// It is not the present life of its node.
    pub(super) fn check_node(&self, node_id: NodeId, generation: u64) -> Result<(), Stale> {
        self.check(|member| member.says.node_id == node_id, generation)
    }

    /// Checks the speaker of an answer from a raft node.
    ///
    /// # Errors
    /// It is not the present life of the node with that raft id.
    pub(super) fn check_raft(&self, raft_id: RaftId, generation: u64) -> Result<(), Stale> {
        let has_id = |member: &Member| {
            let server = member.says.server();
            server.is_some_and(|server| server.raft_id == raft_id)
        };
        self.check(has_id, generation)
    }

    fn check(&self, is_it: impl Fn(&Member) -> bool, generation: u64) -> Result<(), Stale> {
        let members = self.members.get().ok_or(Stale::Unknown)?;
        judge(
            members.borrow().iter().find(|member| is_it(member)),
            generation,
        )
    }
}

/// A newer life than the known one is taken at its word once the known one is down: gossip may
/// not reach it, and then nobody else can say so.
fn judge(known: Option<&Member>, generation: u64) -> Result<(), Stale> {
    let known = known.ok_or(Stale::Unknown)?;
    let is_down = matches!(known.status, MemberStatus::Failed | MemberStatus::Left);
    match generation.cmp(&known.says.generation) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater if is_down => Ok(()),
        std::cmp::Ordering::Greater => Err(Stale::Claimed),
        std::cmp::Ordering::Less => Err(Stale::Past),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::types::{Announcement, Role};

    fn member(generation: u64, status: MemberStatus) -> Member {
        Member {
            says: Announcement {
                node_id: NodeId::new(1),
                name: "s1".parse().unwrap(),
                datacenter: "dc1".parse().unwrap(),
                generation,
                version: 1,
                gossip_addr: SocketAddr::from(([127, 0, 0, 1], 1)),
                build: String::new(),
                cluster: None,
                role: Role::Client,
            }
            .into(),
            status,
        }
    }

    #[test]
    fn only_the_life_that_gossip_holds_for_the_present_one_is_heard() {
        use MemberStatus::{Alive, Failed, Leaving, Left};
        let rows = [
            (Alive, 10, Ok(())),
            (Alive, 9, Err(Stale::Past)),
            (Alive, 11, Err(Stale::Claimed)),
            (Leaving, 11, Err(Stale::Claimed)),
            (Failed, 10, Ok(())),
            (Failed, 9, Err(Stale::Past)),
            (Failed, 11, Ok(())),
            (Left, 11, Ok(())),
        ];
        for (status, generation, expected) in rows {
            let known = member(10, status);
            assert_eq!(
                judge(Some(&known), generation),
                expected,
                "{status:?} {generation}"
            );
        }
        assert_eq!(judge(None, 10), Err(Stale::Unknown));
    }

    #[test]
    fn nobody_is_heard_before_gossip_runs() {
        let lives = Lives::new(1);
        assert_eq!(lives.check_node(NodeId::new(1), 1), Err(Stale::Unknown));
    }
}
