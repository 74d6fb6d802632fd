//! What can go wrong in this room. No error leaves anything half done: a join that failed merged
//! nothing, a start that failed listens nowhere.

use std::io;
use std::net::SocketAddr;

use super::conflict::Conflict;
use super::key::Fingerprint;

/// An error of gossip.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GossipError {
    /// The address cannot be listened on.
    #[error(
        "listening for gossip over {protocol} at {addr}: stop whatever uses that address, or \
         choose another one by `bind_addr` and `ports.serf_lan`"
    )]
    Bind {
        /// `TCP` or `UDP`.
        protocol: &'static str,
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Others could not reach this agent at the address that it would tell them.
    #[error("advertising {addr}: nobody can be reached there; set `advertise_addr`")]
    Advertise {
        /// The address.
        addr: SocketAddr,
    },
    /// What this agent says of itself does not fit a datagram. The old word stands.
    #[error("announcing {bytes} bytes about this agent, of which {max} fit a datagram")]
    Large {
        /// Size of the word, in bytes.
        bytes: usize,
        /// The largest size, in bytes.
        max: usize,
    },
    /// No stream to the address could be opened.
    #[error("dial tcp {addr}")]
    Connect {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A step took longer than the exchange may.
    #[error("{step} {addr} took too long")]
    Timeout {
        /// The address.
        addr: SocketAddr,
        /// The step, such as `connecting to`.
        step: &'static str,
    },
    /// The member that was asked for is not there: somebody else has its address.
    #[error("asking {addr}: another agent is there now")]
    Elsewhere {
        /// The address.
        addr: SocketAddr,
    },
    /// The stream broke before the exchange was over.
    #[error("{operation} {addr}")]
    Stream {
        /// The address.
        addr: SocketAddr,
        /// What was being done, such as `reading from`.
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// What answers there does not speak this protocol.
    #[error("{addr} answers with a malformed {what}; is it the gossip port of a quorate agent?")]
    Malformed {
        /// The address.
        addr: SocketAddr,
        /// What was being read.
        what: &'static str,
    },
    /// The two agents have different keys.
    #[error("gossip key mismatch with {addr} (mine {mine}); set the same `encrypt` on both")]
    KeyMismatch {
        /// The address.
        addr: SocketAddr,
        /// Fingerprint of this agent's key.
        mine: Fingerprint,
    },
    /// The pool there is sealed, and this agent has no key.
    #[error("{addr} takes sealed gossip only; set its key as `encrypt`")]
    KeyMissing {
        /// The address.
        addr: SocketAddr,
    },
    /// The agent there has no key, and this one takes nothing plain.
    #[error("{addr} gossips without a key, this agent with one; set `encrypt` there")]
    KeyAbsentThere {
        /// The address.
        addr: SocketAddr,
    },
    /// The operating system has no randomness to seal with.
    #[error("sealing gossip for {addr} without randomness of the system")]
    Randomness {
        /// The address.
        addr: SocketAddr,
    },
    /// The rules of one side, or of both, keep the two apart. Nothing was merged.
    #[error("{conflict}")]
    Refused {
        /// The address.
        addr: SocketAddr,
        /// The conflict as this agent sees it.
        conflict: Box<Conflict>,
    },
    /// The agent there is blank and looks for its own cluster first.
    #[error("{addr} has just been started and hears its own sources first")]
    Early {
        /// Where it is.
        addr: SocketAddr,
    },
    /// The agent there is about to leave.
    #[error("{addr} is leaving and takes no more members")]
    LeavingThere {
        /// The address.
        addr: SocketAddr,
    },
    /// This agent left or was stopped.
    #[error("joining after this agent left or was stopped")]
    Stopped,
    /// No member goes by the name.
    #[error("No node found with name '{name}'")]
    UnknownName {
        /// The name as given.
        name: String,
    },
}

/// The first step of an exchange, in the words of [`GossipError::Timeout`].
pub(super) const CONNECTING: &str = "connecting to";

impl GossipError {
    /// Whether no connection came about: nobody listens there, or nothing comes back. Anything else
    /// was somebody's answer, or somebody who is too busy for one.
    pub fn is_unanswered(&self) -> bool {
        match self {
            Self::Connect { .. } => true,
            Self::Timeout { step, .. } => *step == CONNECTING,
            _ => false,
        }
    }
}
