//! Requests between agents on the server port (8300): frames over TCP, many requests at once on
//! one connection, and a door that keeps clusters apart.
//!
//! Knows nothing of what is asked: a payload is bytes, the agent gives them their meaning. Never
//! repeats a request that may have run; says instead, with each failure, whether it may have.
//! Rules: design, sections 2 (8300), 4 (identity) and 8 (trust). Not Consul's wire (agent
//! reference, 10.2), which begins with a byte from 0 to 9; ours begins with a letter, so that
//! each tells the other at the first byte.
//!
//! ```text
//!  caller                                                                        listener
//!  Pool::call --> outbound (one task per address) --- hello, frames ---> inbound (one per
//!      ^              | waiting: id -> caller                              | connection)
//!      +--------------+                                                    +--> Service::call
//!
//!  hello   "qrte" | version u16 | length u16 | postcard: node id, name, datacenter, cluster
//!  frame   length u32 | kind u8 | request id u64 | cluster u128, 0 while blank | payload
//! ```
//!
//! Numbers are big-endian; `length` counts what follows it. Both sides send a hello, the caller
//! first. What is bounded, and by how much: [`Limits`].

mod error;
mod frame;
mod hello;
mod identity;
mod inbound;
mod limits;
mod link;
mod listener;
mod outbound;
mod outbox;
mod pool;
#[cfg(test)]
mod tests;

pub use error::{Outcome, RpcError};
pub use hello::HelloError;
pub use identity::{Caller, Conflict, Conflicts, Identity, Party, Remote};
pub use limits::Limits;
pub use listener::Listener;
pub use pool::Pool;

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// Why a service did not do what was asked, in words for the caller. A failure that the caller
/// must tell from others belongs into the answer's payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// Operation, object and cause. Cut to 4 KiB on the wire.
    pub reason: String,
}

impl Refusal {
    /// A refusal for a reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

/// Answers the requests that come through a [`Listener`].
///
/// Calls run at the same time, those of one caller too. A call once begun is run to its end, even
/// if the caller or the connection is gone by then, unless the listener itself stops: so a service
/// needs no care for cancellation, but a time limit of its own. A panic ends [`Listener::serve`]
/// with the same panic.
pub trait Service: Send + Sync + 'static {
    /// Answers one request. The caller passed the door: it is of this agent's cluster, or one of
    /// the two is blank.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] reaches the caller as [`RpcError::Refused`].
    fn call(&self, caller: Caller, payload: Bytes) -> BoxFuture<'_, Result<Bytes, Refusal>>;
}
