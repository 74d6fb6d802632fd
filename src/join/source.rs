//! One source of join addresses: what it is doing, how often it was tried, what it last said.
//!
//! Holds facts and changes them as the engine says; decides nothing.

use super::evidence::Listing;
use super::{Action, Reason, Token};

/// The place of a source in the list that the engine was made with, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

/// What a failure of a source means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `retry_join`, and the addresses of the last life: it is tried again.
    Retry,
    /// `start_join`: a failure of the first attempt ends the agent; after a success it is as
    /// `Retry`. All values of `start_join` are one source, because in Consul one that works is
    /// enough (agent reference, 1.3).
    Once,
}

/// What asking a source costs others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cost {
    /// Nothing, or questions to name servers, whose answers say how long they stay true: while all
    /// is well it is asked at each refresh.
    Light,
    /// Calls of an API: while all is well one such source is asked at each refresh, in turn.
    Call,
}

/// How a source is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Manner {
    /// What a failure of it means.
    pub kind: Kind,
    /// What asking it costs.
    pub cost: Cost,
}

impl From<Kind> for Manner {
    /// Of the dearest cost.
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            cost: Cost::Call,
        }
    }
}

/// What a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activity {
    /// Nothing: not begun, or content.
    Idle,
    /// It is being resolved.
    Resolving {
        /// The number of the attempt in this round, from 1.
        attempt: u32,
        /// The work that is awaited.
        token: Token,
    },
    /// What it listed is being joined.
    Joining {
        /// The number of the attempt in this round, from 1.
        attempt: u32,
        /// The work that is awaited.
        token: Token,
    },
    /// It waits for its next attempt.
    Sleeping {
        /// The number of the attempt that was made last.
        attempt: u32,
        /// The work that is awaited.
        token: Token,
    },
    /// It is not tried again.
    Ended(Ended),
}

/// Why a source is not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// It failed as often as it may before anything was joined. A new round begins it anew.
    Exhausted,
    /// It cannot work before the configuration is changed.
    Misconfigured,
}

/// One source as the engine sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    id: SourceId,
    pub(super) kind: Kind,
    pub(super) cost: Cost,
    pub(super) activity: Activity,
    pub(super) last_failure: Option<Reason>,
    pub(super) listing: Listing,
    /// Pauses that may yet be short because others are awaited.
    soon_left: u32,
    /// The attempt of this round that was last followed by a short pause; 0 if none was.
    soon_after: u32,
    /// Refreshes that pass it over, because its last answer stays true beyond them.
    fresh: u32,
    token: Token,
}

impl Source {
    pub(super) const fn new(id: SourceId, manner: Manner, soon_left: u32) -> Self {
        Self {
            id,
            kind: manner.kind,
            cost: manner.cost,
            activity: Activity::Idle,
            last_failure: None,
            listing: Listing::new(),
            soon_left,
            soon_after: 0,
            fresh: 0,
            token: Token {
                source: Some(id),
                number: 0,
            },
        }
    }

    /// What it is doing.
    pub const fn activity(&self) -> Activity {
        self.activity
    }

    /// Why its last attempt came to nothing; none if it did not.
    pub const fn last_failure(&self) -> Option<Reason> {
        self.last_failure
    }

    /// It was asked, and what it listed was tried, at least once.
    pub const fn was_tried(&self) -> bool {
        match self.activity {
            Activity::Resolving { attempt, .. } | Activity::Joining { attempt, .. } => attempt > 1,
            Activity::Sleeping { .. } | Activity::Ended(_) => true,
            Activity::Idle => {
                let has_listed = self.listing.is_complete() || self.listing.has_own();
                has_listed || self.last_failure.is_some()
            }
        }
    }

    /// The token of its last attempt.
    pub(super) const fn token(&self) -> Token {
        self.token
    }

    /// Begins an attempt, under a token that none before it had.
    #[must_use]
    pub(super) const fn resolve(&mut self, attempt: u32) -> Action {
        self.token = self.token.next();
        let token = self.token;
        if attempt == 1 {
            self.soon_after = 0;
        }
        self.activity = Activity::Resolving { attempt, token };
        Action::Resolve {
            source: self.id,
            token,
        }
    }

    /// Takes a short pause after an attempt, if there is one left.
    pub(super) const fn take_soon(&mut self, attempt: u32) -> bool {
        let has_one = self.soon_left > 0;
        if has_one {
            self.soon_left = self.soon_left.saturating_sub(1);
            self.soon_after = attempt;
        }
        has_one
    }

    /// A leader is known: from now on nobody is awaited.
    pub(super) const fn end_soon(&mut self) {
        self.soon_left = 0;
    }

    /// The attempts since the last short pause, which is what a backoff grows with.
    pub(super) const fn backoff_step(&self, attempt: u32) -> u32 {
        attempt.saturating_sub(self.soon_after)
    }

    /// Notes for how many refreshes its answer stays true.
    pub(super) const fn keep_for(&mut self, refreshes: u32) {
        self.fresh = refreshes;
    }

    /// A refresh has come: says whether it may have news for this source, or passes it over.
    pub(super) const fn take_refresh(&mut self) -> bool {
        let is_due = self.fresh == 0;
        self.fresh = self.fresh.saturating_sub(1);
        is_due
    }

    /// It has not made one whole attempt in this round.
    pub(super) const fn is_unheard(&self) -> bool {
        matches!(
            self.activity,
            Activity::Resolving { attempt: 1, .. } | Activity::Joining { attempt: 1, .. }
        )
    }

    /// A new round would begin it.
    pub(super) const fn is_startable(&self) -> bool {
        matches!(
            self.activity,
            Activity::Idle | Activity::Sleeping { .. } | Activity::Ended(Ended::Exhausted)
        )
    }

    pub(super) const fn is_ended(&self) -> bool {
        matches!(self.activity, Activity::Ended(_))
    }
}
