//! What goes wrong between two agents, and whether the request may have run.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Conflict, HelloError, Refusal};

/// What became of a request that failed: all that a caller needs to know before it tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was certainly not run. Sending it again, here or elsewhere, is safe.
    NotSent,
    /// It may have run, or may yet run.
    Unknown,
    /// The other agent's service answered, with a refusal.
    Answered,
}

/// A failure of this room.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RpcError {
    /// The server port is taken.
    #[error(
        "listen on {addr} for other agents: another process has the address; stop it, or choose \
         another port with -server-port (ports.server)"
    )]
    AddressInUse {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The server port cannot be opened for another reason.
    #[error("listen on {addr} for other agents; the address is set by -bind and -server-port")]
    Bind {
        /// The address asked for.
        addr: SocketAddr,
        /// The system's word.
        source: Arc<io::Error>,
    },
    /// No connection came about.
    #[error("connect to {addr}")]
    Unreachable {
        /// Who was dialled.
        addr: SocketAddr,
        /// The system's word; `TimedOut` if there was no answer.
        source: Arc<io::Error>,
    },
    /// What answers at the address is no agent that we can talk to.
    #[error("greet the agent at {addr}")]
    Hello {
        /// Who was dialled.
        addr: SocketAddr,
        /// What is wrong with it.
        source: HelloError,
    },
    /// The two agents belong to different clusters.
    #[error("{conflict}")]
    ClusterConflict {
        /// Both sides, with names and ids.
        conflict: Arc<Conflict>,
        /// `NotSent`, unless the answer came from another cluster than the request went to.
        outcome: Outcome,
    },
    /// The connection broke before the answer was there.
    #[error("connection to {addr} broke")]
    Broken {
        /// The other agent.
        addr: SocketAddr,
        /// `NotSent` if the request had not been taken up.
        outcome: Outcome,
        /// How it broke.
        source: Arc<io::Error>,
    },
    /// The deadline passed before the answer was there.
    #[error("no answer from {addr} within {} ms", deadline.as_millis())]
    Deadline {
        /// The other agent.
        addr: SocketAddr,
        /// The time that was given.
        deadline: Duration,
        /// `NotSent` if the connection had not taken up the request.
        outcome: Outcome,
    },
    /// The other agent runs as many requests as it takes.
    #[error("the agent at {addr} runs as many requests as it takes")]
    Busy {
        /// The other agent.
        addr: SocketAddr,
    },
    /// The request is larger than a frame may be.
    #[error("a request of {bytes} bytes to {addr} is larger than {max_bytes}")]
    Large {
        /// Whom it was for.
        addr: SocketAddr,
        /// Size of the payload.
        bytes: usize,
        /// The largest that is sent.
        max_bytes: usize,
    },
    /// The other agent's service refused.
    #[error("the agent at {addr} refused")]
    Refused {
        /// The other agent.
        addr: SocketAddr,
        /// Its words.
        source: Refusal,
    },
}

impl RpcError {
    /// What became of the request.
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::AddressInUse { .. }
            | Self::Bind { .. }
            | Self::Unreachable { .. }
            | Self::Hello { .. }
            | Self::Busy { .. }
            | Self::Large { .. } => Outcome::NotSent,
            Self::ClusterConflict { outcome, .. }
            | Self::Broken { outcome, .. }
            | Self::Deadline { outcome, .. } => *outcome,
            Self::Refused { .. } => Outcome::Answered,
        }
    }
}
