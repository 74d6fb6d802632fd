//! Who founds, with which rooms, and what may go wrong on the way.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::agent::End;
use crate::agent::evidence::Evidence;
use crate::agent::membership::Membership;
use crate::bootstrap::{self, Server};
use crate::datadir::DataDirError;
use crate::gossip::Gossip;
use crate::raft::{Raft, RaftError};
use crate::rpc::Pool;

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
