//! Why this agent does not serve: one reason, picked from the facts, in words that name who or
//! what is missing.
//!
//! Pure: facts in, one [`Said`] out. The agent gathers the facts, asks after every change, and
//! shows the answer (design, section 6, last paragraph; demand report, P8 and P12).
//!
//! # Which reason holds
//!
//! The first rule that has something to say wins. In order, and why in this order:
//!
//! 1. **The end**: removed, leaving. Nothing else matters to whoever asks then.
//! 2. **Ready**. What works is not explained away: a refusal elsewhere is the other's trouble.
//! 3. **A refusal of this very agent** by others (another cluster, its id or name is taken), while
//!    nobody else is alive in its list; then **two clusters in sight** of a blank agent. Certain,
//!    and no waiting cures them.
//! 4. **In a cluster**: with a leader it catches up; without one TLS on the server port that does not
//!    fit, or another gossip key at the addresses of so many voters that they are a majority, since
//!    those who turn it away are not lost; then a port of its own to which the leader of the others
//!    does not get through; then a lost quorum, then no leader. Fewer with another key cannot be why,
//!    and are a note.
//! 5. **A server port that does not agree about TLS**: no founding, cluster or client gets further
//!    than that. A caller that does not is told where this agent would only wait for others.
//! 6. **A port of its own** to which the leader that took this agent in does not get through; then
//!    **what the founding rules alone can know**: blocked, no ledger, a cluster to join, servers
//!    that disagree, a founding under way.
//! 7. **An address that refuses**: its gossip key, cluster, datacenter or names differ. More telling
//!    than that one more server is missing. Others that were refused here for such a reason are the
//!    reason only if they would be the servers that are missing; else they are a note to what is
//!    waited for.
//! 8. **Why nobody was found**, while this agent is alone, or waits for sources and for nothing
//!    else: the failure that an operator can do most about comes first. A source in its first attempt
//!    is looked at for a moment before; one that hangs there hides nothing, and is named beside what
//!    the others led to. While servers are known to be silent at known addresses, the founding's own
//!    word names them and goes before.
//! 9. **Nobody gets through to this server's port**, where it would only wait for a proposer.
//! 10. **What the founding waits for**, as it says it.
//! 11. **A client** (7 and 8 only while it knows no server): what a server answers; else that none answers, or none is there.

mod decide;
mod report;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod words;

pub use decide::decide;
pub use report::Report;

use std::net::IpAddr;
use std::time::Duration;

use crate::types::{ClusterId, Reason};

/// A reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The reason.
    pub reason: Reason,
    /// One line with names and numbers; not the code.
    pub line: String,
    /// Who or what is missing or in the way: names, addresses, sources.
    pub missing: Vec<String>,
}

impl Said {
    /// A reason in its own sentence.
    pub fn plain(reason: Reason) -> Self {
        Self {
            reason,
            line: reason.prose().to_owned(),
            missing: Vec::new(),
        }
    }
}

/// What one look at the agent gave.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any of them may hold with any other"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// It is a server; else a client.
    pub is_server: bool,
    /// What it did of its way out so far, a line each; none while it is not on it.
    pub leaving: Option<Vec<String>>,
    /// It was taken out of its cluster, for good.
    pub removed: Option<Said>,
    /// The cluster it is in.
    pub cluster: Option<ClusterId>,
    /// No other member is alive in its list.
    pub is_alone: bool,
    /// A server knows a leader.
    pub is_led: bool,
    /// It has applied what was committed when it came to know its leader, and its node is in the
    /// catalogue.
    pub is_current: bool,
    /// The last refusal of this agent by others.
    pub refusal: Option<Said>,
    /// It is blank and met two clusters.
    pub ambiguity: Option<Said>,
    /// Others that were refused of late because of their id, name or datacenter, each once.
    pub strangers: Vec<Said>,
    /// How many servers are not here that `bootstrap_expect` asks for.
    pub lacking: usize,
    /// Agents with another gossip key, or none, called here of late.
    pub is_called_with_another_key: bool,
    /// A server that this agent called, and with which it did not agree about TLS.
    pub tls_called: Option<Said>,
    /// Somebody that called this agent, and with whom it did not agree about TLS.
    pub tls_caller: Option<Said>,
    /// Where the founding stands; none on a client.
    pub founding: Option<Said>,
    /// The voters of its cluster.
    pub voters: Vec<Voter>,
    /// Servers that gossip holds for alive and that should have called this server's port, and
    /// have not.
    pub not_calling: Vec<String>,
    /// Others hear a leader that counts this server in, and it does not get through to its port.
    pub cut_off: Option<Said>,
    /// The leader is heard, and its port does not answer this server.
    pub leader_unreached: Option<Said>,
    /// Names of the other servers that gossip holds for alive.
    pub servers: Vec<String>,
    /// Servers that gossip knows and does not hold for alive: name, and address and state.
    pub gone: Vec<(String, String)>,
    /// On a client: what a server said of itself last, with its address, or why none answered.
    /// None before the first answer.
    pub told: Option<Result<Told, String>>,
    /// The sources of addresses.
    pub sources: Vec<Source>,
}

/// A voter of this server's cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Voter {
    /// Its name.
    pub name: String,
    /// Where it is, as raft knows it.
    pub ip: IpAddr,
    /// Gossip holds it for alive.
    pub is_alive: bool,
}

/// What a server said of itself to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its address.
    pub by: String,
    /// Its reason.
    pub said: Said,
}

impl Told {
    /// The server serves.
    pub fn is_ready(&self) -> bool {
        self.said.reason == Reason::Ready
    }

    /// The server knows nobody who leads, although there is a cluster or may be one.
    pub fn is_leaderless(&self) -> bool {
        matches!(
            self.said.reason,
            Reason::NoLeader | Reason::QuorumLost | Reason::PortUnreached
        )
    }
}

/// A source of addresses and how it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What the operator wrote, secrets masked.
    pub name: String,
    /// What it is doing.
    pub doing: Doing,
    /// Attempts in this round.
    pub attempt: u32,
    /// How long ago the attempt began that is under way; none between two.
    pub busy_for: Option<Duration>,
    /// Why its last attempt came to nothing; none if it did not.
    pub failure: Option<Reason>,
    /// The last error, in full; empty if there was none, or if the reason says it all.
    pub error: String,
    /// Addresses that answered and refused, at its last attempt.
    pub refused: Vec<Refused>,
    /// How long ago its last attempt came to nothing.
    pub failed_ago: Option<Duration>,
    /// When the next attempt begins.
    pub next_in: Option<Duration>,
}

/// What a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It is being asked for addresses.
    Resolving,
    /// Its addresses are being tried.
    Joining,
    /// It waits for its next attempt.
    Waiting,
    /// It led to others, or need not be asked.
    Resting,
    /// It is not tried again before the agent is started anew or another source led to others.
    Ended,
}

impl Doing {
    /// An attempt is under way.
    pub const fn is_busy(self) -> bool {
        matches!(self, Self::Resolving | Self::Joining)
    }

    /// The word that is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolving => "resolving",
            Self::Joining => "joining",
            Self::Waiting => "waiting",
            Self::Resting => "resting",
            Self::Ended => "ended",
        }
    }
}

/// An address that answered and refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The address.
    pub address: String,
    /// Why.
    pub reason: Reason,
    /// The error, in full.
    pub error: String,
}
