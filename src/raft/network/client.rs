//! The sending side: turns what openraft wants to tell a peer into messages.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use openraft::OptionalSend;
use openraft::error::{
    NetworkError, RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable,
};
use openraft::network::{RPCOption, RPCTypes, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use tokio::time::Instant;

use super::super::config::Timers;
use super::super::snapshot;
use super::super::type_config::{Peer, Snapshot, TypeConfig, Vote};
use super::book::AddressBook;
use super::message::{Envelope, Piece, Reply, Request, Transfer, pack, unpack};
use super::quorum::Quorum;
use super::{Transport, TransportError};
use crate::host::Storage;
use crate::state::State;
use crate::types::RaftId;

/// Bytes of a snapshot in one message. Small enough to arrive between two heartbeats on a slow
/// line (70 Mbit/s), large enough that round trips do not count.
const PIECE_BYTES: usize = 1024 * 1024;

/// How long a piece may take; the last one includes decoding, writing and installing.
const PIECE_DEADLINE: Duration = Duration::from_secs(30);

type Rpc<T> = Result<T, RPCError<TypeConfig>>;

/// Makes clients for peers.
pub(in crate::raft) struct Connector {
    pub(in crate::raft) own: RaftId,
    pub(in crate::raft) timers: Timers,
    pub(in crate::raft) transport: Arc<dyn Transport>,
    pub(in crate::raft) book: Arc<AddressBook>,
    pub(in crate::raft) quorum: Arc<Quorum>,
    /// Where long work is done.
    pub(in crate::raft) storage: Storage,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

impl RaftNetworkFactory<TypeConfig> for Connector {
    type Network = Client;

    async fn new_client(&mut self, target: RaftId, node: &Peer) -> Client {
        Client {
            own: self.own,
            target,
            peer: node.clone(),
            timers: self.timers,
            transport: Arc::clone(&self.transport),
            book: Arc::clone(&self.book),
            quorum: Arc::clone(&self.quorum),
            began: Instant::now(),
            storage: self.storage.clone(),
        }
    }
}

/// Talks to one peer.
pub(in crate::raft) struct Client {
    own: RaftId,
    target: RaftId,
    peer: Peer,
    timers: Timers,
    transport: Arc<dyn Transport>,
    book: Arc<AddressBook>,
    quorum: Arc<Quorum>,
    /// openraft makes a new client when a leader begins.
    began: Instant,
    storage: Storage,
}

impl Client {
    async fn ask(&self, kind: RPCTypes, request: Request, deadline: Duration) -> Rpc<Reply> {
        let target = self.target;
        let payload = pack(&Envelope { target, request }).map_err(unreadable)?;
        let moved = self
            .book
            .elsewhere(target, self.peer.rpc_addr)
            .map(|rpc_addr| Peer {
                rpc_addr,
                ..self.peer.clone()
            });
        let to = moved.as_ref().unwrap_or(&self.peer);
        match self.transport.call(to, target, payload, deadline).await {
            Ok(answer) => unpack(&answer).map_err(unreadable),
            Err(TransportError::TimedOut) => Err(RPCError::Timeout(Timeout {
                action: kind,
                id: self.own,
                target,
                timeout: deadline,
            })),
            // Whoever refuses now will refuse for a while: openraft backs off.
            Err(error) => Err(RPCError::Unreachable(Unreachable::from_string(error))),
        }
    }

    /// Sends all pieces. The peer says after each how much it has, and that is where the next
    /// one begins; an answer that asks to begin again is followed once.
    async fn send_pieces(
        &self,
        transfer: Transfer,
        bytes: Bytes,
    ) -> Rpc<SnapshotResponse<TypeConfig>> {
        let mut offset = 0_usize;
        let mut restarted = false;
        loop {
            let end = offset.saturating_add(PIECE_BYTES).min(bytes.len());
            let piece = Piece {
                transfer: transfer.clone(),
                offset: u64::try_from(offset).unwrap_or(u64::MAX),
                bytes: bytes.slice(offset..end),
            };
            let request = Request::Piece(piece);
            let reply = self
                .ask(RPCTypes::InstallSnapshot, request, PIECE_DEADLINE)
                .await?;
            let have = match reply {
                Reply::Installed(response) => return Ok(response),
                Reply::Have(have) => usize::try_from(have).unwrap_or(usize::MAX),
                _ => return Err(unexpected()),
            };
            if have <= offset {
                if restarted {
                    return Err(unreadable("peer does not keep the pieces of a snapshot"));
                }
                restarted = true;
            }
            if have >= bytes.len() {
                return Err(unexpected());
            }
            offset = have;
        }
    }
}

impl RaftNetworkV2<TypeConfig> for Client {
    type SnapshotData = State;

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Rpc<AppendEntriesResponse<TypeConfig>> {
        let deadline = if rpc.entries.is_empty() {
            option.soft_ttl()
        } else {
            self.timers.append_deadline()
        };
        let request = if self.quorum.is_lost(self.began) {
            Request::Alone(rpc)
        } else {
            Request::Append(rpc)
        };
        match self.ask(RPCTypes::AppendEntries, request, deadline).await? {
            Reply::Append(response) => Ok(response),
            _ => Err(unexpected()),
        }
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Rpc<VoteResponse<TypeConfig>> {
        let request = Request::Vote(rpc);
        match self.ask(RPCTypes::Vote, request, option.hard_ttl()).await? {
            Reply::Vote(response) => Ok(response),
            _ => Err(unexpected()),
        }
    }

    async fn pre_vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Rpc<VoteResponse<TypeConfig>> {
        let request = Request::PreVote(rpc);
        match self.ask(RPCTypes::Vote, request, option.hard_ttl()).await? {
            Reply::Vote(response) => Ok(response),
            _ => Err(unexpected()),
        }
    }

    async fn transfer_leader(
        &mut self,
        rpc: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> Rpc<TransferLeaderResponse<TypeConfig>> {
        let request = Request::Transfer(rpc);
        match self
            .ask(RPCTypes::TransferLeader, request, option.hard_ttl())
            .await?
        {
            Reply::Transfer(response) => Ok(response),
            _ => Err(unexpected()),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let last_log_id = snapshot.meta.last_log_id;
        let encoding = self
            .storage
            .work(move || snapshot::encode(&snapshot.meta, &snapshot.snapshot));
        let bytes: Bytes = match encoding.await {
            Ok(bytes) => bytes.into(),
            Err(error) => return Err(unreadable(error).into()),
        };
        let transfer = Transfer {
            vote,
            last_log_id,
            total: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        };
        tokio::select! {
            sent = self.send_pieces(transfer, bytes) => Ok(sent?),
            closed = pin!(cancel) => Err(StreamingError::Closed(closed)),
        }
    }
}

fn unreadable(reason: impl ToString) -> RPCError<TypeConfig> {
    RPCError::Network(NetworkError::from_string(reason))
}

fn unexpected() -> RPCError<TypeConfig> {
    unreadable("peer answered something else than was asked")
}
