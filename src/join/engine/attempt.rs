//! One attempt of one source: resolve, join, and what its end leads to.

use std::collections::BTreeSet;

use crate::types::Address;

use super::super::{
    Action, Actions, Activity, Ended, Failure, Found, Kind, Notice, Outcome, Reason, Retry, Source,
    SourceId, Token, backoff,
};
use super::{Engine, Phase};

impl Engine {
    pub(super) fn on_resolved(
        &mut self,
        token: Token,
        answer: Result<Found, Failure>,
        actions: &mut Actions,
    ) {
        let Some((id, source)) = self.source_of(token) else {
            return;
        };
        let attempt = match source.activity {
            Activity::Resolving {
                attempt,
                token: awaited,
            } if awaited == token => attempt,
            Activity::Idle
            | Activity::Resolving { .. }
            | Activity::Joining { .. }
            | Activity::Sleeping { .. }
            | Activity::Ended(_) => return,
        };
        match answer {
            Ok(found) => self.on_found(id, attempt, found, actions),
            Err(failure) => self.fail(id, attempt, failure, actions),
        }
    }

    fn on_found(&mut self, id: SourceId, attempt: u32, found: Found, actions: &mut Actions) {
        let spare_members = self.is_content();
        let refreshes = self.refreshes_of(&found);
        let Some(source) = self.source_mut(id) else {
            return;
        };
        source.listing.note(&found);
        source.keep_for(refreshes);
        let (complete, has_own) = (found.complete, found.has_own);
        let addresses = each_once(found.addresses);
        let count = addresses.len();
        actions.push(Action::Notice(Notice::Resolved {
            source: id,
            count,
            complete,
        }));
        if addresses.is_empty() {
            let reason = match (has_own, complete) {
                (true, _) => Reason::OnlySelf,
                (false, true) => Reason::DiscoveryEmpty,
                (false, false) => Reason::DiscoveryGaps,
            };
            self.fail(id, attempt, Failure::passing(reason), actions);
        } else {
            let token = source.token();
            source.activity = Activity::Joining { attempt, token };
            actions.push(Action::Join {
                source: id,
                token,
                addresses,
                spare_members,
            });
        }
        self.forget_unlisted();
    }

    /// How many refreshes an answer outlasts. One with gaps is asked for again at the next: what
    /// is missing has said of itself nothing.
    fn refreshes_of(&self, found: &Found) -> u32 {
        let fresh_for = found.fresh_for.filter(|_| found.complete);
        fresh_for.map_or(0, |time| backoff::refreshes_within(&self.policy, time))
    }

    pub(super) fn on_joined(
        &mut self,
        token: Token,
        reached: Vec<Address>,
        own: Vec<Address>,
        actions: &mut Actions,
    ) {
        let Some((id, attempt)) = self.joining(token) else {
            return;
        };
        if let (Some(source), false) = (self.source_mut(id), own.is_empty()) {
            source.listing.note_own();
        }
        let (count, only_self) = (reached.len(), !own.is_empty());
        self.contacts.note(reached, own);
        self.forget_unlisted();
        if count == 0 {
            let reason = if only_self {
                Reason::OnlySelf
            } else {
                Reason::PeersUnreachable
            };
            self.fail(id, attempt, Failure::passing(reason), actions);
            return;
        }
        actions.push(Action::Notice(Notice::Joined { source: id, count }));
        self.note_joined(actions);
        if let Some(source) = self.source_mut(id) {
            source.kind = Kind::Retry;
            source.last_failure = None;
        }
        self.pause(id, attempt, Retry::Soon, actions);
    }

    pub(super) fn on_join_failed(&mut self, token: Token, failure: Failure, actions: &mut Actions) {
        if let Some((id, attempt)) = self.joining(token) {
            self.fail(id, attempt, failure, actions);
        }
    }

    pub(super) fn on_woke(&mut self, token: Token, actions: &mut Actions) {
        let Some((_, source)) = self.source_of(token) else {
            return;
        };
        match source.activity {
            Activity::Sleeping {
                attempt,
                token: awaited,
            } if awaited == token => {
                actions.push(source.resolve(attempt.saturating_add(1)));
            }
            Activity::Idle
            | Activity::Resolving { .. }
            | Activity::Joining { .. }
            | Activity::Sleeping { .. }
            | Activity::Ended(_) => {}
        }
    }

    /// Ends an attempt that came to nothing: of the agent, of the source, or until the next one.
    ///
    /// A source that lists this agent itself is neither fatal nor ever exhausted. Consul takes
    /// one's own address for a join (agent reference, 1.3), so a first server that lists itself,
    /// or itself among others that are still to come, stays up there however long it takes.
    fn fail(&mut self, id: SourceId, attempt: u32, failure: Failure, actions: &mut Actions) {
        let is_used_up = !self.was_joined && self.policy.is_used_up(attempt);
        let Some(source) = self.source_mut(id) else {
            return;
        };
        let reason = failure.reason;
        source.last_failure = Some(reason);
        let is_excused = source.listing.has_own();
        if source.kind == Kind::Once && !is_excused {
            let outcome = Outcome::OnceFailed { source: id, reason };
            self.phase = Phase::Stopped(outcome);
            actions.push(Action::GiveUp(outcome));
            return;
        }
        source.kind = Kind::Retry;
        let ended = match failure.retry {
            Retry::Never => Some(Ended::Misconfigured),
            Retry::Backoff | Retry::Soon | Retry::After(_) => {
                (is_used_up && !is_excused).then_some(Ended::Exhausted)
            }
        };
        if let Some(ended) = ended {
            source.activity = Activity::Ended(ended);
            actions.push(Action::Notice(Notice::Ended {
                source: id,
                ended,
                reason,
            }));
            return;
        }
        actions.push(Action::Notice(Notice::Failed {
            source: id,
            attempt,
            reason,
        }));
        self.pause(id, attempt, failure.retry, actions);
    }

    /// Sleeps until the next attempt, unless there need be none in this round.
    fn pause(&mut self, id: SourceId, attempt: u32, retry: Retry, actions: &mut Actions) {
        let is_content = self.is_content();
        // Attempts that are counted are not spent in haste.
        let is_limited = self.policy.retry_max.is_some() && !self.was_joined;
        let policy = self.policy.clone();
        let Some(source) = self.source_mut(id) else {
            return;
        };
        let is_soon = retry == Retry::Soon && (!is_limited || source.listing.has_own());
        let window = if is_soon && source.take_soon(attempt) {
            backoff::soon(&policy, attempt)
        } else {
            backoff::after_attempt(&policy, source.backoff_step(attempt), retry)
        };
        if is_content {
            source.activity = Activity::Idle;
            return;
        }
        let token = source.token();
        source.activity = Activity::Sleeping { attempt, token };
        actions.push(Action::Sleep { token, window });
    }

    /// The source that awaits the end of a join under this token, and the number of the attempt.
    fn joining(&mut self, token: Token) -> Option<(SourceId, u32)> {
        let (id, source) = self.source_of(token)?;
        match source.activity {
            Activity::Joining {
                attempt,
                token: awaited,
            } if awaited == token => Some((id, attempt)),
            Activity::Idle
            | Activity::Resolving { .. }
            | Activity::Joining { .. }
            | Activity::Sleeping { .. }
            | Activity::Ended(_) => None,
        }
    }

    fn source_of(&mut self, token: Token) -> Option<(SourceId, &mut Source)> {
        let id = token.source()?;
        Some((id, self.source_mut(id)?))
    }

    fn source_mut(&mut self, id: SourceId) -> Option<&mut Source> {
        self.sources.get_mut(usize::from(id.0))
    }

    fn forget_unlisted(&mut self) {
        let sources = self.sources.iter();
        let listed: BTreeSet<&Address> = sources.flat_map(|s| s.listing.addresses()).collect();
        self.contacts.retain(|address| listed.contains(address));
    }
}

impl Failure {
    /// What another attempt may cure.
    const fn passing(reason: Reason) -> Self {
        Self {
            reason,
            retry: Retry::Soon,
        }
    }
}

/// The addresses in their order, without repetitions.
fn each_once(mut addresses: Vec<Address>) -> Vec<Address> {
    let mut seen = BTreeSet::new();
    addresses.retain(|address| seen.insert(address.clone()));
    addresses
}
