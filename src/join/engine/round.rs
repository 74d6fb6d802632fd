//! Rounds: all sources at once, or those that are due; and when a round is over.

use super::super::{
    Action, Actions, Activity, Cost, Ended, Notice, Outcome, Source, SourceId, Waker, backoff,
};
use super::{Engine, Phase};

impl Engine {
    /// Begins a round over all sources. One that is at work goes on with it.
    pub(super) fn wake(&mut self, waker: Waker, actions: &mut Actions) {
        self.phase = Phase::Seeking;
        actions.push(Action::Notice(Notice::Woken(waker)));
        self.begin_all(actions);
    }

    /// Begins every source that is not at work.
    pub(super) fn begin_all(&mut self, actions: &mut Actions) {
        for place in 0..self.sources.len() {
            self.begin(place, actions);
        }
    }

    /// Begins a round over the sources whose last answer may no longer be true. Of those that cost
    /// calls only one, in turn: while all is well an agent calls once per refresh, however many
    /// such sources it has (design, section 6).
    pub(super) fn refresh(&mut self, actions: &mut Actions) {
        self.phase = Phase::Seeking;
        actions.push(Action::Notice(Notice::Woken(Waker::Refresh)));
        let from_turn = (self.turn..self.sources.len()).chain(0..self.turn);
        let mut is_called = false;
        for place in from_turn {
            let Some(source) = self.sources.get_mut(place) else {
                continue;
            };
            if !source.is_startable() || !source.take_refresh() {
                continue;
            }
            if source.cost == Cost::Call {
                if is_called {
                    continue;
                }
                is_called = true;
                self.turn = place.saturating_add(1);
            }
            self.begin(place, actions);
        }
    }

    /// Begins a source that has something new to say; one that is at work or has ended for good
    /// is left as it is.
    pub(super) fn on_changed(&mut self, id: SourceId, actions: &mut Actions) {
        let place = usize::from(id.0);
        if self.sources.get(place).is_some_and(Source::is_startable) {
            self.phase = Phase::Seeking;
            actions.push(Action::Notice(Notice::Woken(Waker::Changed(id))));
            self.begin(place, actions);
        }
    }

    /// Rests, gives up, or lets the sources go on, as the facts are now.
    ///
    /// To rest takes three things: joined, a leader known, and no source that was not heard in
    /// this round. The third keeps the first quick success from hiding what a slower source knows;
    /// every source has a deadline, so it is a matter of time.
    pub(super) fn settle(&mut self, actions: &mut Actions) {
        if self.phase != Phase::Seeking {
            return;
        }
        if self.is_content() {
            for source in &mut self.sources {
                if let Activity::Sleeping { .. } = source.activity {
                    source.activity = Activity::Idle;
                }
            }
            if !self.sources.iter().any(Source::is_unheard) {
                self.rest(actions);
            }
        } else if self.is_hopeless() {
            self.phase = Phase::Stopped(Outcome::Exhausted);
            actions.push(Action::GiveUp(Outcome::Exhausted));
        }
    }

    /// Nothing is left to look for.
    pub(super) const fn is_content(&self) -> bool {
        self.is_joined && self.is_leader_known
    }

    /// Nothing was ever joined and nothing is left to try, by an operator who set a limit. Without
    /// a limit the agent stays, as in Consul: others may join it.
    fn is_hopeless(&self) -> bool {
        let has_sources = !self.sources.is_empty();
        let are_ended = self.sources.iter().all(Source::is_ended);
        !self.was_joined && self.policy.retry_max.is_some() && has_sources && are_ended
    }

    /// Notes that there are others. From the first time on no source is limited any more, so those
    /// that had used up their attempts begin again.
    pub(super) fn note_joined(&mut self, actions: &mut Actions) {
        self.is_joined = true;
        if std::mem::replace(&mut self.was_joined, true) {
            return;
        }
        for source in &mut self.sources {
            if source.activity == Activity::Ended(Ended::Exhausted) {
                actions.push(source.resolve(1));
            }
        }
    }

    fn rest(&mut self, actions: &mut Actions) {
        for source in &mut self.sources {
            if source.activity != Activity::Ended(Ended::Misconfigured) {
                source.activity = Activity::Idle;
            }
        }
        self.last_refresh = self.last_refresh.next();
        let token = self.last_refresh;
        self.phase = Phase::Resting { token };
        let window = backoff::refresh(&self.policy);
        actions.push(Action::Notice(Notice::Rests));
        actions.push(Action::Sleep { token, window });
    }

    fn begin(&mut self, place: usize, actions: &mut Actions) {
        let Some(source) = self.sources.get_mut(place) else {
            return;
        };
        if source.is_startable() {
            actions.push(source.resolve(1));
        }
    }
}
