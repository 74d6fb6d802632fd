//! Who founds, with which rooms, and what may go wrong on the way.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::agent::End;
use crate::agent::evidence::Evidence;
use crate::agent::membership::Membership;
use crate::autopilot::QuorumLost;
use crate::bootstrap::{self, Server};
use crate::datadir::DataDirError;
use crate::gossip::Gossip;
use crate::raft::{Raft, RaftError};
use crate::rpc::Pool;
use crate::types::{ClusterId, Member, MemberStatus};

/// What a server was told about founding, and who it is.
#[derive(Debug, Clone)]
pub(in crate::agent) struct Terms {
    /// Its ids and address.
    pub(in crate::agent) server: Server,
    /// `bootstrap_expect`, `-bootstrap` or neither.
    pub(in crate::agent) expectation: bootstrap::Expectation,
    /// `bootstrap_safety`.
    pub(in crate::agent) safety: bootstrap::Safety,
}

/// The rooms that the founding needs.
#[derive(Debug, Clone)]
pub(in crate::agent) struct Rooms {
    pub(in crate::agent) raft: Raft,
    pub(in crate::agent) gossip: Gossip,
    pub(in crate::agent) pool: Pool,
    pub(in crate::agent) membership: Arc<Membership>,
    pub(in crate::agent) evidence: watch::Receiver<Evidence>,
    pub(in crate::agent) end: mpsc::Sender<End>,
}

/// Where the founding stands, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::agent) struct Reason {
    /// A stable code.
    pub(in crate::agent) code: &'static str,
    /// One line.
    pub(in crate::agent) prose: String,
}

impl Reason {
    /// This server is in a cluster.
    pub(super) fn formed(cluster: ClusterId) -> Self {
        Self {
            code: "formed",
            prose: format!("in cluster {cluster}"),
        }
    }

    /// A cluster exists, and this server is not in it yet. Those of its servers that do not answer
    /// are named: they may be why.
    pub(super) fn joining(cluster: ClusterId, members: &[Member]) -> Self {
        let is_of_it = |member: &&Member| {
            member.says.server().is_some() && member.says.cluster == Some(cluster)
        };
        let failed = members
            .iter()
            .filter(is_of_it)
            .filter(|member| member.status == MemberStatus::Failed);
        let failed: Vec<&str> = failed.map(|member| member.says.name.as_str()).collect();
        let mut prose = format!("cluster {cluster} exists; waiting to be added to it");
        if !failed.is_empty() {
            prose.push_str("; these of its servers do not answer: ");
            prose.push_str(&failed.join(", "));
        }
        Self {
            code: "joining",
            prose,
        }
    }

    /// There is no leader although enough voters are there.
    pub(super) fn leaderless(cluster: ClusterId, since: Duration) -> Self {
        Self {
            code: "no-leader",
            prose: format!(
                "in cluster {cluster}, which has had no leader for {} s; its voters are there, so \
                 look whether they reach each other's server ports",
                since.as_secs()
            ),
        }
    }

    /// Too many voters are missing for a leader.
    pub(super) fn quorum_lost(lost: &QuorumLost) -> Self {
        Self {
            code: "quorum-lost",
            prose: lost.to_string(),
        }
    }
}

/// Why a step of the founding was not done.
#[derive(Debug, thiserror::Error)]
pub(in crate::agent) enum FoundingError {
    /// The disk did not take the record; nothing was said that depends on it.
    #[error("write the record of the founding")]
    Disk(#[source] DataDirError),
    /// Raft did not take the founding entry.
    #[error("initialize raft")]
    Raft(#[source] RaftError),
}
