//! What the driver is asked to do. Imperative: do it.

use std::time::Duration;

use crate::types::Address;

use super::{Ended, Reason, SourceId};

/// What came of one event, in the order in which it is to be begun.
pub type Actions = Vec<Action>;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// Resolve a source, within a deadline, and report
    /// [`Resolved`](super::Event::Resolved). Earlier work for the same source may be dropped.
    Resolve {
        /// The source.
        source: SourceId,
        /// To be handed back.
        token: Token,
    },
    /// Try the addresses, each within a deadline, and report [`Joined`](super::Event::Joined) or
    /// [`JoinFailed`](super::Event::JoinFailed).
    Join {
        /// The source that listed them.
        source: SourceId,
        /// To be handed back.
        token: Token,
        /// Where others may be; in the order of the answer, each once, at least one.
        addresses: Vec<Address>,
        /// All is well: an address at which gossip sees a member alive counts as reached and is
        /// left alone. Else every one is tried, since the member list may be wrong.
        spare_members: bool,
    },
    /// Report [`Woke`](super::Event::Woke) after a time drawn evenly from the window.
    Sleep {
        /// To be handed back.
        token: Token,
        /// From when to when.
        window: Window,
    },
    /// Log and count this.
    Notice(Notice),
    /// End the agent with an error. The engine is stopped.
    GiveUp(Outcome),
}

/// Names one attempt of a source, with the sleep that follows it, or one refresh. Of each owner at
/// most one is awaited; an answer under any other token, or of another kind than is awaited, has
/// no effect, so nothing needs to be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    /// Whose work; none is the refresh while the engine rests.
    pub(super) source: Option<SourceId>,
    /// Counts the attempts of one owner.
    pub(super) number: u64,
}

impl Token {
    /// The source whose work it is; none if it is the refresh.
    pub const fn source(self) -> Option<SourceId> {
        self.source
    }

    /// The token that follows in the count of the same owner.
    #[must_use]
    pub(super) const fn next(self) -> Self {
        Self {
            source: self.source,
            number: self.number.wrapping_add(1),
        }
    }
}

/// A span of time to draw a sleep from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// The shortest sleep.
    pub from: Duration,
    /// The longest sleep; not below `from`.
    pub to: Duration,
}

/// Something that an operator may want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// A source gave an answer.
    Resolved {
        /// The source.
        source: SourceId,
        /// Addresses other than this agent's own.
        count: usize,
        /// It was read to its end.
        complete: bool,
    },
    /// Other agents took part in a join.
    Joined {
        /// The source that listed them.
        source: SourceId,
        /// How many.
        count: usize,
    },
    /// An attempt came to nothing; there will be another.
    Failed {
        /// The source.
        source: SourceId,
        /// The number of the attempt in this round, from 1.
        attempt: u32,
        /// Why.
        reason: Reason,
    },
    /// An attempt came to nothing, and the source is not tried again.
    Ended {
        /// The source.
        source: SourceId,
        /// What ended it.
        ended: Ended,
        /// Why the last attempt came to nothing.
        reason: Reason,
    },
    /// The engine rests: joined, and a leader is known.
    Rests,
    /// A new round begins.
    Woken(Waker),
}

/// What began a new round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Waker {
    /// The slow refresh while the engine rests: the sources that cost little, and one that costs
    /// calls, in turn.
    Refresh,
    /// A source says something else than before: this source alone.
    Changed(SourceId),
    /// No leader for ten seconds.
    LeaderLost,
    /// No other member alive.
    Isolated,
    /// Too few members.
    BelowFloor,
    /// An operator.
    Asked,
}

/// Why the engine stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was told to.
    Told,
    /// Nothing was ever joined, and every source has ended.
    Exhausted,
    /// A source that may fail only later failed at its first attempt.
    OnceFailed {
        /// The source.
        source: SourceId,
        /// Why.
        reason: Reason,
    },
}
