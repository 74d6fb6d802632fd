//! What agents say to each other on the server port (8300), in `postcard` inside rpc frames.
//!
//! New variants go to the end; an old one never changes its shape.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::bootstrap;
use crate::http::{AutopilotReport, Found, NodeError, PeerName, RaftConfiguration, Read};
use crate::state::{Applied, Command, RemovalEntry};
use crate::types::{ClusterId, NodeName, RaftId, Reason};
use crate::why::Said;

/// Longest wait of a blocking read: ten minutes and a sixteenth of jitter (agent reference, 6.1).
const WAIT_MAX: Duration = Duration::from_secs(640);

/// A question to a server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Request {
    /// A raft message.
    Raft(RaftMessage),
    /// A message of the founding protocol.
    Founding(bootstrap::Message),
    /// A write; only the leader does it.
    Write(Command),
    /// A read at some freshness.
    Read(Read),
    /// Who leads.
    Leader,
    /// Who votes.
    Peers,
    /// The raft configuration; of this very server when `stale`.
    RaftConfiguration {
        /// Answer from here, without asking the leader.
        stale: bool,
    },
    /// As `RemoveServer`, from an agent that does not say its name.
    RemovePeer(PeerName),
    /// Hand leadership to a server, by its node id or raft id, or to any.
    TransferLeader(Option<String>),
    /// Take a server out of the raft configuration, for good; only the leader does it.
    RemoveServer {
        /// The server.
        peer: PeerName,
        /// The agent that the operator speaks to.
        through: NodeName,
    },
    /// Whether an operator took a raft node out; of what this very server knows.
    Removal(RaftId),
    /// Why this very server does not serve, or that it does.
    Why,
    /// How the servers do; only the leader knows.
    Autopilot,
}

/// A raft message and the cluster it speaks for.
///
/// The frame names a cluster only once it has committed; raft speaks earlier, for a founding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RaftMessage {
    /// The cluster.
    pub(super) cluster: ClusterId,
    /// The sender knows that the cluster has committed its founding.
    pub(super) has_committed: bool,
    /// What the raft room wrote.
    pub(super) message: Bytes,
}

/// What raft said to a message, and which life of its node said it.
///
/// Two processes may run on copies of one data directory, and so under one raft id; whoever counts
/// the answer must know which of the two gave it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RaftAnswer {
    /// The generation of the process that answers.
    pub(super) generation: u64,
    /// What the raft room wrote.
    pub(super) message: Bytes,
}

impl Request {
    /// The question as it may be asked: nobody waits longer than the API allows, whatever the
    /// sender wrote.
    pub(super) fn bounded(mut self) -> Self {
        if let Self::Read(read) = &mut self {
            read.wait = read.wait.min(WAIT_MAX);
        }
        self
    }

    /// Whether the question changes something, so that asked twice it may do harm.
    pub(super) const fn is_change(&self) -> bool {
        matches!(
            self,
            Self::Write(_)
                | Self::RemovePeer(_)
                | Self::RemoveServer { .. }
                | Self::TransferLeader(_)
        )
    }

    /// The question, asking the server to wait no longer than this: part of its time may be over.
    pub(super) fn within(&self, wait: Duration) -> Self {
        let mut request = self.clone();
        if let Self::Read(read) = &mut request {
            read.wait = read.wait.min(wait);
        }
        request
    }

    /// How long the question itself asks the server to wait before it answers.
    pub(super) const fn wait(&self) -> Duration {
        match self {
            Self::Read(read) if read.min_index.is_some() => read.wait,
            _ => Duration::ZERO,
        }
    }
}

/// A question on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Envelope {
    /// The receiver was held for the leader: it must not pass the question on.
    pub(super) is_last_hop: bool,
    /// The question.
    pub(super) request: Request,
}

/// The answer, by the kind of the question.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Response {
    /// To `Raft`.
    Raft(RaftAnswer),
    /// To `Founding`.
    Founding(bootstrap::Answer),
    /// To `Write`.
    Written(Applied),
    /// To `Read`.
    Found(Found),
    /// To `Leader`.
    Leader(Option<SocketAddr>),
    /// To `Peers`.
    Peers(Vec<SocketAddr>),
    /// To `RaftConfiguration`.
    RaftConfiguration(RaftConfiguration),
    /// The question needs the leader, and this server is not it. Nothing was done.
    NotLeader,
    /// The question was understood and came to nothing.
    Failed(NodeError),
    /// To `RemovePeer`, `RemoveServer` and `TransferLeader`.
    Changed,
    /// To `Removal`: what was said of it, if it is out.
    Removal(Option<RemovalEntry>),
    /// To `Why`.
    Why(Word),
    /// To `Autopilot`.
    Autopilot(AutopilotReport),
}

/// A reason on its way. As text, so that a version that knows more codes is understood.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Word {
    /// The code.
    pub(super) code: String,
    /// One line with names.
    pub(super) line: String,
    /// Who or what is missing.
    pub(super) missing: Vec<String>,
}

impl From<Said> for Word {
    fn from(said: Said) -> Self {
        Self {
            code: said.reason.code().to_owned(),
            line: said.line,
            missing: said.missing,
        }
    }
}

impl From<Word> for Said {
    /// A code that this version does not know is a cluster that does not serve, in the sender's
    /// own words.
    fn from(word: Word) -> Self {
        Self {
            reason: word.code.parse().unwrap_or(Reason::NoLeader),
            line: word.line,
            missing: word.missing,
        }
    }
}

/// Bytes that are not a message of this protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a message on the server port does not decode: {why}")]
pub(super) struct WireError {
    why: String,
}

/// Writes a message.
pub(super) fn encode<T: Serialize>(message: &T) -> Result<Bytes, WireError> {
    postcard::to_allocvec(message)
        .map(Bytes::from)
        .map_err(|error| WireError {
            why: error.to_string(),
        })
}

/// Reads a message; the frame it came in has bounded its size.
pub(super) fn decode<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, WireError> {
    postcard::from_bytes(payload).map_err(|error| WireError {
        why: error.to_string(),
    })
}
