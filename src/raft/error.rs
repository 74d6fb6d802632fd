//! What can go wrong in this room, and how openraft's errors become plain ones.

use std::error::Error;

use openraft::error::{ChangeMembershipError, RaftError as OpenraftError};
use openraft::error::{ClientWriteError, Fatal, ForwardToLeader, LinearizableReadError};
use serde::{Deserialize, Serialize};

use super::config::ConfigError;
use super::log::LogError;
use super::snapshot::SnapshotError;
use super::type_config::{Peer, TypeConfig};
use crate::types::RaftId;

/// Raft cannot start, or has stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RaftError {
    /// A setting is not taken; nothing was opened.
    #[error("start raft")]
    Config(#[from] ConfigError),
    /// The log cannot be opened.
    #[error("start raft")]
    Log(#[from] LogError),
    /// The snapshots cannot be read.
    #[error("start raft")]
    Snapshot(#[from] SnapshotError),
    /// What log and snapshot say together makes no state.
    #[error("restore the state from log and snapshot: {reason}")]
    Restore {
        /// In openraft's words.
        reason: String,
    },
    /// `initialize` on a node that has a log or gave a vote, or with a set that lacks it.
    #[error("found a cluster: {reason}")]
    Initialize {
        /// In openraft's words.
        reason: String,
    },
    /// Raft was shut down or failed; [`Raft::failed`](super::Raft::failed) says which.
    #[error("raft has stopped: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
}

impl RaftError {
    pub(super) fn restore(error: &impl ToString) -> Self {
        Self::Restore {
            reason: error.to_string(),
        }
    }

    pub(super) fn stopped(fatal: &Fatal<TypeConfig>) -> Self {
        Self::Stopped {
            reason: words(fatal),
        }
    }
}

/// A write that was not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Another node leads, or none; nothing was written.
    #[error("this server is not the raft leader")]
    NotLeader {
        /// The leader as far as this node knows; none while there is none, or while this node
        /// leads but does not reach a quorum.
        leader: Option<Peer>,
    },
    /// Leadership was lost, or no quorum confirmed for 10 s, while the write was under way: it
    /// may or may not be committed.
    #[error("no quorum confirmed the write; it may or may not have been done")]
    Uncertain {
        /// The leader as far as this node knows.
        leader: Option<Peer>,
    },
    /// The command is larger than a log entry may be; nothing was written.
    #[error("a command of {bytes} bytes is larger than {max}")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// What is taken, in bytes.
        max: usize,
    },
    /// Raft was shut down or failed; whether the write was done is not known.
    #[error("raft has stopped: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
}

/// A read that cannot be answered here as fresh as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Another node leads, or none.
    #[error("this server is not the raft leader")]
    NotLeader {
        /// The leader as far as this node knows.
        leader: Option<Peer>,
    },
    /// This node leads, as far as it knows, but a quorum did not confirm it in time.
    #[error("no quorum confirmed the raft leader")]
    NoQuorum,
    /// Raft was shut down or failed.
    #[error("raft has stopped: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
}

/// A change of the raft configuration that was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MembershipError {
    /// Another node leads, or none; nothing was changed.
    #[error("this server is not the raft leader")]
    NotLeader {
        /// The leader as far as this node knows.
        leader: Option<Peer>,
    },
    /// Leadership was lost, or no quorum confirmed for 10 s, while the change was under way: it
    /// may or may not be committed.
    #[error("no quorum confirmed the change; it may or may not have been made")]
    Uncertain {
        /// The leader as far as this node knows.
        leader: Option<Peer>,
    },
    /// Another change is not committed yet; try again.
    #[error("another change of the raft configuration is under way")]
    InProgress,
    /// The raft node is not in the configuration.
    #[error("raft node {id} is not in the configuration")]
    Unknown {
        /// The raft node.
        id: RaftId,
    },
    /// A learner lacks too much of the log, or is not heard of, to become a voter (hazard R6).
    #[error("raft node {id} is not caught up: it has index {matched:?} of {last}")]
    Behind {
        /// The raft node.
        id: RaftId,
        /// Last index that it is known to have.
        matched: Option<u64>,
        /// The leader's last index.
        last: u64,
    },
    /// The change would leave no voter, or makes no sense to openraft.
    #[error("the raft configuration cannot be changed so: {reason}")]
    Refused {
        /// In openraft's words.
        reason: String,
    },
    /// Raft was shut down or failed.
    #[error("raft has stopped: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
}

/// Leadership that was not handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// This node does not lead.
    #[error("this server is not the raft leader")]
    NotLeader {
        /// The leader as far as this node knows.
        leader: Option<Peer>,
    },
    /// No other voter answered of late, or the one that was named is none.
    #[error("no other voter can take over leadership")]
    NoTarget,
    /// No other node leads after the time an election takes. This node takes no more writes in
    /// its term; the others elect on their own.
    #[error("raft node {id} did not take over leadership in time")]
    TimedOut {
        /// The raft node.
        id: RaftId,
    },
    /// Another node leads now than the one that was named: that one was not quick enough.
    #[error("raft node {by} took over leadership, and not {id}")]
    TookOver {
        /// The raft node that was named.
        id: RaftId,
        /// The one that leads.
        by: RaftId,
    },
    /// Raft was shut down or failed.
    #[error("raft has stopped: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
}

/// A message from a peer that is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// It is meant for another raft node: its sender has an old address, or there was another
    /// data directory here before. Nothing was done with it (hazards R1, R2, R4).
    #[error("message for raft node {wanted} reached raft node {own}")]
    NotForUs {
        /// Whom it is meant for.
        wanted: RaftId,
        /// Who got it.
        own: RaftId,
    },
    /// It cannot be read, or breaks a bound. Nothing was done with it.
    #[error("raft message cannot be read: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// Raft was shut down or failed.
    #[error("raft has stopped: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
}

impl HandleError {
    pub(super) fn stopped(fatal: &(dyn Error + 'static)) -> Self {
        Self::Stopped {
            reason: words(fatal),
        }
    }
}

/// What ended raft, in the words of the room that met it. openraft wraps them into its own.
pub(super) fn words(error: &(dyn Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// The failure of a disk on its way through openraft: our line, and nothing around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub(super) struct OwnWords(String);

impl openraft::errors::ErrorSource for OwnWords {
    fn from_error<E: Error + 'static>(error: &E) -> Self {
        Self(error.to_string())
    }

    fn from_string(msg: impl ToString) -> Self {
        Self(msg.to_string())
    }
}

type Openraft<E> = OpenraftError<TypeConfig, E>;

fn leader_of(forward: ForwardToLeader<TypeConfig>) -> Option<Peer> {
    forward.leader_node
}

impl From<Openraft<ClientWriteError<TypeConfig>>> for WriteError {
    fn from(error: Openraft<ClientWriteError<TypeConfig>>) -> Self {
        let refused = match error {
            OpenraftError::APIError(refused) => refused,
            OpenraftError::Fatal(fatal) => {
                let reason = words(&fatal);
                return Self::Stopped { reason };
            }
        };
        match refused {
            ClientWriteError::ForwardToLeader(forward) => Self::NotLeader {
                leader: leader_of(forward),
            },
            ClientWriteError::LogEntryDiscarded(forward) => Self::Uncertain {
                leader: leader_of(forward),
            },
            // Neither belongs to a plain write; nothing was written, so try again.
            ClientWriteError::ChangeMembershipError(_)
            | ClientWriteError::PreconditionFailed(_) => Self::NotLeader { leader: None },
        }
    }
}

impl From<Openraft<LinearizableReadError<TypeConfig>>> for ReadError {
    fn from(error: Openraft<LinearizableReadError<TypeConfig>>) -> Self {
        match error {
            OpenraftError::APIError(LinearizableReadError::ForwardToLeader(forward)) => {
                Self::NotLeader {
                    leader: leader_of(forward),
                }
            }
            OpenraftError::APIError(LinearizableReadError::QuorumNotEnough(_)) => Self::NoQuorum,
            OpenraftError::Fatal(fatal) => Self::Stopped {
                reason: words(&fatal),
            },
        }
    }
}

impl From<Openraft<ClientWriteError<TypeConfig>>> for MembershipError {
    fn from(error: Openraft<ClientWriteError<TypeConfig>>) -> Self {
        let refused = match error {
            OpenraftError::APIError(refused) => refused,
            OpenraftError::Fatal(fatal) => {
                let reason = words(&fatal);
                return Self::Stopped { reason };
            }
        };
        let change = match refused {
            ClientWriteError::ForwardToLeader(forward) => {
                let leader = leader_of(forward);
                return Self::NotLeader { leader };
            }
            ClientWriteError::LogEntryDiscarded(forward) => {
                let leader = leader_of(forward);
                return Self::Uncertain { leader };
            }
            ClientWriteError::PreconditionFailed(_) => return Self::InProgress,
            ClientWriteError::ChangeMembershipError(change) => change,
        };
        match change {
            ChangeMembershipError::InProgress(_)
            | ChangeMembershipError::UncommittedLeaderLog(_) => Self::InProgress,
            ChangeMembershipError::LearnerNotFound(missing) => Self::Unknown {
                id: missing.node_id,
            },
            other => Self::Refused {
                reason: other.to_string(),
            },
        }
    }
}
