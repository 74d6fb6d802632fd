//! Raft's messages: how they leave, how they arrive, and the trait that carries them.
//!
//! A message is one value in postcard that names the raft node it is meant for. Its size is
//! bounded on both sides. Retrying, pacing and batching are openraft's; connections are the
//! transport's.

mod assembly;
mod book;
mod client;
mod inbox;
mod message;
mod quorum;

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::type_config::Peer;
use crate::types::RaftId;

pub(super) use book::AddressBook;
pub(super) use client::Connector;
pub(super) use inbox::Inbox;
pub(super) use quorum::Quorum;

/// The largest command, in bytes of postcard: eight times what Consul takes as a value by
/// default (512 KiB, agent reference, 6.7).
pub(super) const COMMAND_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The largest message, in bytes: a full batch of entries, or a single one of the largest size,
/// with room to spare. The transport may refuse anything larger unread.
pub(super) const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A message that was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection, or it broke. Whether the peer acted on the message is not known.
    #[error("peer is not reachable: {reason}")]
    Unreachable {
        /// Why.
        reason: String,
    },
    /// No answer before the deadline.
    #[error("peer did not answer in time")]
    TimedOut,
    /// The peer answered that it will not take the message: it belongs to another cluster, is
    /// another raft node, or refuses the founding.
    #[error("peer refused the message: {reason}")]
    Refused {
        /// In the peer's words.
        reason: String,
    },
}

/// Carries messages to peers.
pub trait Transport: Send + Sync + 'static {
    /// Sends a message and gives the answer: what [`Raft::handle`](super::Raft::handle) returned
    /// there.
    ///
    /// `to` is the peer as configured, at the newest address that raft was told of. `target` is
    /// the raft node that the message is meant for; it also stands in the message.
    /// Messages to one peer need not keep their order, and heartbeats must not wait behind large
    /// messages.
    ///
    /// # Errors
    /// See [`TransportError`]. An error that [`Raft::handle`](super::Raft::handle) returned there
    /// is `Refused`.
    ///
    /// # Cancel safety
    /// Must be safe to drop at any time; the peer may act on the message all the same.
    fn call<'a>(
        &'a self,
        to: &'a Peer,
        target: RaftId,
        payload: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Bytes, TransportError>>;
}
