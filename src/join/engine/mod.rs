//! The machine itself: one entry point, every (phase, event) spelled out.
//!
//! `round` begins and ends rounds over the sources, `attempt` moves one source through an attempt.

mod attempt;
mod round;

use super::evidence::Contacts;
use super::{
    Actions, Event, Evidence, Manner, Outcome, Policy, Reason, Source, SourceId, Token, Waker,
    backoff,
};

/// The engine. See the module for what it is and how it is driven.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Engine {
    policy: Policy,
    phase: Phase,
    sources: Vec<Source>,
    contacts: Contacts,
    /// Another member is known to be alive, or took part in a join and none was missed since.
    is_joined: bool,
    /// `is_joined` was true at some time.
    was_joined: bool,
    is_leader_known: bool,
    /// The token of the last refresh.
    last_refresh: Token,
    /// The place of the source whose turn to be called the next refresh is.
    turn: usize,
}

/// What the engine as a whole is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Not begun; facts are noted.
    New,
    /// Looking for others, or for a leader.
    Seeking,
    /// Joined, and a leader is known; waits for the refresh.
    Resting {
        /// The refresh that is awaited.
        token: Token,
    },
    /// Over; nothing has an effect any more.
    Stopped(Outcome),
}

impl Engine {
    /// Makes an engine that has not begun. A source's place in the list is its [`SourceId`].
    /// Sources beyond 65,536 are not looked at; the configuration refuses long before.
    pub fn new(policy: Policy, sources: impl IntoIterator<Item = impl Into<Manner>>) -> Self {
        let numbered = (0..=u16::MAX).zip(sources);
        let soon_left = if policy.founds {
            backoff::SOON_COUNT
        } else {
            0
        };
        Self {
            policy,
            phase: Phase::New,
            sources: numbered
                .map(|(id, manner)| Source::new(SourceId(id), manner.into(), soon_left))
                .collect(),
            contacts: Contacts::default(),
            is_joined: false,
            was_joined: false,
            is_leader_known: false,
            last_refresh: Token {
                source: None,
                number: 0,
            },
            turn: 0,
        }
    }

    /// Takes what happened; gives what to do.
    #[must_use]
    pub fn handle(mut self, event: Event) -> (Self, Actions) {
        let mut actions = Actions::new();
        match self.phase {
            Phase::New => self.when_new(&event, &mut actions),
            Phase::Seeking => self.when_seeking(event, &mut actions),
            Phase::Resting { token } => self.when_resting(token, &event, &mut actions),
            Phase::Stopped(_) => {}
        }
        (self, actions)
    }

    /// What the engine as a whole is doing.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The sources, by [`SourceId`].
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Why the agent is not content; none while the engine rests or is stopped. Of several sources
    /// that failed, the first one's reason is given; [`Engine::sources`] has each.
    pub fn reason(&self) -> Option<Reason> {
        match self.phase {
            Phase::Resting { .. } | Phase::Stopped(_) => return None,
            Phase::New | Phase::Seeking => {}
        }
        if self.is_joined {
            let reason = if self.is_leader_known {
                Reason::Looking
            } else {
                Reason::NoLeader
            };
            return Some(reason);
        }
        if self.sources.is_empty() {
            return Some(Reason::NoSources);
        }
        let failure = self.sources.iter().find_map(Source::last_failure);
        Some(failure.unwrap_or(Reason::Looking))
    }

    /// What each source has shown so far.
    pub fn evidence(&self) -> Vec<Evidence> {
        let numbered = (0..=u16::MAX).zip(&self.sources);
        numbered
            .map(|(id, source)| self.contacts.evidence(SourceId(id), &source.listing))
            .collect()
    }

    fn when_new(&mut self, event: &Event, actions: &mut Actions) {
        match event {
            Event::Started => {
                self.phase = Phase::Seeking;
                self.begin_all(actions);
                self.settle(actions);
            }
            Event::LeaderKnown => self.note_leader(),
            Event::LeaderLost => self.is_leader_known = false,
            Event::Met => self.note_joined(actions),
            Event::Isolated => self.is_joined = false,
            Event::Stop => self.phase = Phase::Stopped(Outcome::Told),
            Event::Resolved { .. }
            | Event::Joined { .. }
            | Event::JoinFailed { .. }
            | Event::Woke(_)
            | Event::BelowFloor
            | Event::Asked
            | Event::Changed(_) => {}
        }
    }

    fn note_leader(&mut self) {
        self.is_leader_known = true;
        for source in &mut self.sources {
            source.end_soon();
        }
    }

    fn when_seeking(&mut self, event: Event, actions: &mut Actions) {
        match event {
            Event::Resolved { token, answer } => self.on_resolved(token, answer, actions),
            Event::Joined {
                token,
                reached,
                own,
            } => self.on_joined(token, reached, own, actions),
            Event::JoinFailed { token, failure } => self.on_join_failed(token, failure, actions),
            Event::Woke(token) => self.on_woke(token, actions),
            Event::LeaderKnown => self.note_leader(),
            Event::LeaderLost => {
                if std::mem::take(&mut self.is_leader_known) {
                    self.wake(Waker::LeaderLost, actions);
                }
            }
            Event::Met => self.note_joined(actions),
            Event::Isolated => {
                if std::mem::take(&mut self.is_joined) {
                    self.wake(Waker::Isolated, actions);
                }
            }
            Event::BelowFloor => self.wake(Waker::BelowFloor, actions),
            Event::Asked => self.wake(Waker::Asked, actions),
            Event::Changed(source) => self.on_changed(source, actions),
            Event::Stop => self.phase = Phase::Stopped(Outcome::Told),
            Event::Started => {}
        }
        self.settle(actions);
    }

    fn when_resting(&mut self, refresh: Token, event: &Event, actions: &mut Actions) {
        match event {
            Event::Woke(token) if *token == refresh => self.refresh(actions),
            Event::LeaderLost => {
                self.is_leader_known = false;
                self.wake(Waker::LeaderLost, actions);
            }
            Event::Isolated => {
                self.is_joined = false;
                self.wake(Waker::Isolated, actions);
            }
            Event::BelowFloor => self.wake(Waker::BelowFloor, actions),
            Event::Asked => self.wake(Waker::Asked, actions),
            Event::Changed(source) => self.on_changed(*source, actions),
            Event::Stop => self.phase = Phase::Stopped(Outcome::Told),
            Event::Started
            | Event::Resolved { .. }
            | Event::Joined { .. }
            | Event::JoinFailed { .. }
            | Event::Woke(_)
            | Event::LeaderKnown
            | Event::Met => {}
        }
        self.settle(actions);
    }
}
