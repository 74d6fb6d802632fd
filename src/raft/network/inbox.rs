//! The receiving side: takes a peer's message to openraft and its answer back.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse};

use super::super::error::HandleError;
use super::super::machine::Machine;
use super::super::snapshot;
use super::super::type_config::{Snapshot, TypeConfig};
use super::assembly::{Assembly, Progress};
use super::message::{Envelope, Piece, Reply, Request, pack, unpack};
use crate::host::Storage;
use crate::types::RaftId;

/// Takes messages for one raft node.
pub(in crate::raft) struct Inbox {
    own: RaftId,
    raft: openraft::Raft<TypeConfig, Machine>,
    /// Where long work is done.
    storage: Storage,
    assembly: Mutex<Assembly>,
    last_contact: Mutex<Option<Instant>>,
    /// The leader that was heard last said that no quorum answers it.
    is_leader_alone: AtomicBool,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

impl Inbox {
    pub(in crate::raft) fn new(
        own: RaftId,
        raft: openraft::Raft<TypeConfig, Machine>,
        storage: Storage,
    ) -> Self {
        Self {
            own,
            raft,
            storage,
            assembly: Mutex::default(),
            last_contact: Mutex::new(None),
            is_leader_alone: AtomicBool::new(false),
        }
    }

    /// When a leader was last heard, if ever in this life.
    pub(in crate::raft) fn last_contact(&self) -> Option<Instant> {
        *self
            .last_contact
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the leader that was heard last is none for now, since no quorum answers it.
    pub(in crate::raft) fn is_leader_alone(&self) -> bool {
        self.is_leader_alone.load(Ordering::Relaxed)
    }

    /// Says whether [`Self::take`] would act on a message.
    pub(in crate::raft) fn inspect(&self, payload: &[u8]) -> Result<(), HandleError> {
        self.open(payload).map(drop)
    }

    /// Reads a message, and refuses one that is meant for another raft node.
    fn open(&self, payload: &[u8]) -> Result<Envelope, HandleError> {
        let envelope: Envelope =
            unpack(payload).map_err(|reason| HandleError::Malformed { reason })?;
        if envelope.target == self.own {
            return Ok(envelope);
        }
        Err(HandleError::NotForUs {
            wanted: envelope.target,
            own: self.own,
        })
    }

    /// Takes one message; see [`Raft::handle`](super::super::Raft::handle).
    pub(in crate::raft) async fn take(&self, payload: Bytes) -> Result<Bytes, HandleError> {
        let malformed = |reason| HandleError::Malformed { reason };
        let envelope = self.open(&payload)?;
        let reply = match envelope.request {
            Request::Append(rpc) => self.take_entries(rpc, false).await?,
            Request::Alone(rpc) => self.take_entries(rpc, true).await?,
            Request::Vote(rpc) => {
                let answer = self.raft.vote(rpc).await;
                Reply::Vote(answer.map_err(|error| HandleError::stopped(&error))?)
            }
            Request::PreVote(rpc) => {
                let answer = self.raft.pre_vote(rpc).await;
                Reply::Vote(answer.map_err(|error| HandleError::stopped(&error))?)
            }
            Request::Transfer(rpc) => {
                let answer = self.raft.handle_transfer_leader(rpc).await;
                Reply::Transfer(answer.map_err(|error| HandleError::stopped(&error))?)
            }
            Request::Piece(piece) => self.take_piece(piece).await?,
        };
        pack(&reply).map_err(malformed)
    }

    async fn take_entries(
        &self,
        rpc: AppendEntriesRequest<TypeConfig>,
        is_alone: bool,
    ) -> Result<Reply, HandleError> {
        self.assembly().drop_idle(Instant::now());
        let answer = self.raft.append_entries(rpc).await;
        let answer = answer.map_err(|error| HandleError::stopped(&error))?;
        if !matches!(answer, AppendEntriesResponse::HigherVote(_)) {
            self.heard_leader();
            self.is_leader_alone.store(is_alone, Ordering::Relaxed);
        }
        Ok(Reply::Append(answer))
    }

    async fn take_piece(&self, piece: Piece) -> Result<Reply, HandleError> {
        let malformed = |reason| HandleError::Malformed { reason };
        let progress = self.assembly().add(piece, Instant::now());
        let (transfer, bytes) = match progress.map_err(malformed)? {
            Progress::Partly(have) => return Ok(Reply::Have(have)),
            Progress::Wholly(transfer, bytes) => (transfer, bytes),
        };
        let decoding = self.storage.work(move || snapshot::decode(&bytes));
        let (meta, state) = decoding
            .await
            .map_err(|error| malformed(error.to_string()))?;
        if meta.last_log_id != transfer.last_log_id {
            let reason = "snapshot covers something else than its sender said";
            return Err(malformed(reason.to_owned()));
        }
        let snapshot = Snapshot {
            meta,
            snapshot: state,
        };
        let installed = self
            .raft
            .install_full_snapshot(transfer.vote, snapshot)
            .await;
        let response = installed.map_err(|error| HandleError::stopped(&error))?;
        self.heard_leader();
        Ok(Reply::Installed(response))
    }

    fn assembly(&self) -> MutexGuard<'_, Assembly> {
        // After a panic of another holder it is empty or whole, both of which are sound.
        self.assembly.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard_leader(&self) {
        *self
            .last_contact
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}
