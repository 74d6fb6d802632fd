//! The receiving side: takes a peer's message to openraft and its answer back.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use openraft::raft::AppendEntriesResponse;

use super::super::error::HandleError;
use super::super::machine::Machine;
use super::super::snapshot;
use super::super::type_config::{Snapshot, TypeConfig};
use super::message::{Envelope, Piece, Reply, Request, Transfer, pack, unpack};
use crate::types::RaftId;

/// The largest snapshot that is taken, in bytes. The state is held in memory, so whoever gets
/// near this has other needs.
const SNAPSHOT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// A snapshot of which no piece came for so long is given up. Chosen: the sender's deadline for
/// one piece, twice.
const SNAPSHOT_IDLE: Duration = Duration::from_mins(1);

/// Takes messages for one raft node.
pub(in crate::raft) struct Inbox {
    own: RaftId,
    raft: openraft::Raft<TypeConfig, Machine>,
    incoming: Mutex<Option<Incoming>>,
    last_contact: Mutex<Option<Instant>>,
}

/// A snapshot of which some pieces are here.
struct Incoming {
    transfer: Transfer,
    bytes: Vec<u8>,
    last_piece: Instant,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

impl Inbox {
    pub(in crate::raft) const fn new(
        own: RaftId,
        raft: openraft::Raft<TypeConfig, Machine>,
    ) -> Self {
        Self {
            own,
            raft,
            incoming: Mutex::new(None),
            last_contact: Mutex::new(None),
        }
    }

    /// When a leader was last heard, if ever in this life.
    pub(in crate::raft) fn last_contact(&self) -> Option<Instant> {
        *self
            .last_contact
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one message; see [`Raft::handle`](super::super::Raft::handle).
    pub(in crate::raft) async fn take(&self, payload: Bytes) -> Result<Bytes, HandleError> {
        let malformed = |reason| HandleError::Malformed { reason };
        let envelope: Envelope = unpack(&payload).map_err(malformed)?;
        if envelope.target != self.own {
            return Err(HandleError::NotForUs {
                wanted: envelope.target,
                own: self.own,
            });
        }
        let reply = match envelope.request {
            Request::Append(rpc) => {
                self.drop_idle_snapshot();
                let answer = self.raft.append_entries(rpc).await;
                let answer = answer.map_err(|error| HandleError::stopped(&error))?;
                if !matches!(answer, AppendEntriesResponse::HigherVote(_)) {
                    self.heard_leader();
                }
                Reply::Append(answer)
            }
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

    async fn take_piece(&self, piece: Piece) -> Result<Reply, HandleError> {
        let (transfer, bytes) = match self.gather(piece)? {
            Gathered::Partly(have) => return Ok(Reply::Have(have)),
            Gathered::Wholly(transfer, bytes) => (transfer, bytes),
        };
        let decoding = tokio::task::spawn_blocking(move || snapshot::decode(&bytes));
        let decoded = decoding
            .await
            .map_err(|error| HandleError::stopped(&error))?;
        let (meta, state) = decoded.map_err(|error| HandleError::Malformed {
            reason: error.to_string(),
        })?;
        if meta.last_log_id != transfer.last_log_id {
            return Err(HandleError::Malformed {
                reason: "snapshot covers something else than its sender said".to_owned(),
            });
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

    /// Adds a piece to what is here. A piece that does not follow is not taken; the answer says
    /// where to go on. Memory grows with pieces that arrived, never with what is announced.
    fn gather(&self, piece: Piece) -> Result<Gathered, HandleError> {
        let Piece {
            transfer,
            offset,
            bytes,
        } = piece;
        if transfer.total > SNAPSHOT_BYTES_MAX {
            return Err(HandleError::Malformed {
                reason: format!("a snapshot of {} bytes is too large", transfer.total),
            });
        }
        let mut slot = self.incoming.lock().unwrap_or_else(PoisonError::into_inner);
        let mut incoming = match slot.take() {
            Some(incoming) if offset > 0 && incoming.transfer == transfer => incoming,
            _ if offset == 0 => Incoming {
                transfer,
                bytes: Vec::new(),
                last_piece: Instant::now(),
            },
            other => {
                *slot = other;
                return Ok(Gathered::Partly(0));
            }
        };
        let have = len_u64(&incoming.bytes);
        let room = incoming.transfer.total.saturating_sub(have);
        if offset == have && len_u64(&bytes) <= room {
            incoming.bytes.extend_from_slice(&bytes);
            incoming.last_piece = Instant::now();
        }
        let have = len_u64(&incoming.bytes);
        if have == incoming.transfer.total {
            return Ok(Gathered::Wholly(incoming.transfer, incoming.bytes));
        }
        *slot = Some(incoming);
        Ok(Gathered::Partly(have))
    }

    fn drop_idle_snapshot(&self) {
        let mut slot = self.incoming.lock().unwrap_or_else(PoisonError::into_inner);
        if slot
            .as_ref()
            .is_some_and(|incoming| incoming.last_piece.elapsed() > SNAPSHOT_IDLE)
        {
            *slot = None;
        }
    }

    fn heard_leader(&self) {
        *self
            .last_contact
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

enum Gathered {
    Partly(u64),
    Wholly(Transfer, Vec<u8>),
}

fn len_u64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
