//! What the driver reports. Past tense: it happened.

use std::time::Duration;

use crate::types::Address;

use super::{Reason, SourceId, Token};

/// Something that happened. An answer names the work it belongs to by its token; one whose work is
/// no longer awaited (late, or given twice) has no effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// The agent is up; begin. Only the first has an effect.
    Started,
    /// A source was resolved, or could not be within its deadline.
    Resolved {
        /// The work that was asked for.
        token: Token,
        /// What came of it.
        answer: Result<Found, Failure>,
    },
    /// Every address of a [`Join`](super::Action::Join) was tried.
    Joined {
        /// The work that was asked for.
        token: Token,
        /// Addresses, as they were handed over, at which another agent took part. Empty: not a
        /// join.
        reached: Vec<Address>,
        /// Addresses, as they were handed over, that turned out to be this agent's own.
        own: Vec<Address>,
    },
    /// No address of a [`Join`](super::Action::Join) could be tried to the end, or all failed and
    /// the driver knows why.
    JoinFailed {
        /// The work that was asked for.
        token: Token,
        /// Why.
        failure: Failure,
    },
    /// A sleep is over.
    Woke(Token),
    /// A leader is known.
    LeaderKnown,
    /// No leader has been known for ten seconds (design, section 6).
    LeaderLost,
    /// Gossip sees another member alive, whoever of the two joined the other.
    Met,
    /// Gossip sees no other member alive any more.
    Isolated,
    /// The number of members, or of servers, fell under the floor. Report each fall once: it
    /// starts one round over all sources.
    BelowFloor,
    /// An operator wants a round now.
    Asked,
    /// What a source says is known to be other than at its last attempt, such as that of a file.
    Changed(SourceId),
    /// The agent stops or leaves.
    Stop,
}

/// All that the engine needs of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Found {
    /// Where others may be, ports filled in, without this agent's own addresses as far as the
    /// driver knows them.
    pub addresses: Vec<Address>,
    /// The answer also had an address of this agent, which the driver took out.
    pub has_own: bool,
    /// The source was read to its end. An answer with gaps is tried all the same, but it is no
    /// ground for founding a cluster.
    pub complete: bool,
    /// How long it stays true by the word of who gave it: while all is well nobody asks again
    /// sooner. None if nobody said.
    pub fresh_for: Option<Duration>,
}

/// Why something did not work, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Why, in the words that the operator sees.
    pub reason: Reason,
    /// Whether and when to try again.
    pub retry: Retry,
}

/// When to try again. It is the only part of a failure that the engine acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It cannot work before the configuration is changed: the source ends.
    Never,
    /// After a backoff.
    Backoff,
    /// After a backoff, or sooner if others are awaited to found a cluster with
    /// ([`Policy::founds`](super::Policy::founds)): what was asked works, and may have more to
    /// say in a moment.
    Soon,
    /// After a backoff that begins once this has passed, by the vendor's word. More than
    /// [`Policy::refresh`](super::Policy::refresh) counts as that.
    After(Duration),
}
