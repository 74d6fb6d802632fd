//! What the tests of the engine speak: short names for events, actions and places on the way.
//!
//! The tokens of a source count its attempts from 1.

mod attempts;
mod grounds;
mod hour;
mod phases;
mod soon;

use std::num::NonZeroU32;
use std::time::Duration;

use super::*;
use crate::types::Address;

pub(super) const A: SourceId = SourceId(0);
pub(super) const B: SourceId = SourceId(1);

/// What is returned when nothing shall be done.
pub(super) const NOTHING: Actions = Vec::new();

pub(super) fn engine(kinds: &[Kind], retry_max: u32) -> Engine {
    let policy = Policy {
        retry_max: NonZeroU32::new(retry_max),
        ..Policy::default()
    };
    Engine::new(policy, kinds.iter().copied())
}

/// The engine after the events, and what the last of them led to.
pub(super) fn last(engine: Engine, events: impl IntoIterator<Item = Event>) -> (Engine, Actions) {
    let start = (engine, NOTHING);
    events
        .into_iter()
        .fold(start, |(engine, _), event| engine.handle(event))
}

pub(super) fn after(engine: Engine, events: impl IntoIterator<Item = Event>) -> Engine {
    last(engine, events).0
}

pub(super) const fn work(source: SourceId, number: u64) -> Token {
    Token {
        source: Some(source),
        number,
    }
}

pub(super) const fn refresh(number: u64) -> Token {
    Token {
        source: None,
        number,
    }
}

pub(super) fn addresses(hosts: &[&str]) -> Vec<Address> {
    hosts.iter().map(|host| host.parse().unwrap()).collect()
}

pub(super) fn found(token: Token, hosts: &[&str]) -> Event {
    answered(token, hosts, false, true)
}

pub(super) fn answered(token: Token, hosts: &[&str], has_own: bool, complete: bool) -> Event {
    let answer = Ok(Found {
        addresses: addresses(hosts),
        has_own,
        complete,
        fresh_for: None,
    });
    Event::Resolved { token, answer }
}

pub(super) fn unresolved(token: Token, retry: Retry) -> Event {
    let answer = Err(failure(retry));
    Event::Resolved { token, answer }
}

pub(super) const fn failure(retry: Retry) -> Failure {
    Failure {
        reason: Reason::DiscoveryFailed,
        retry,
    }
}

pub(super) fn joined(token: Token, reached: &[&str], own: &[&str]) -> Event {
    Event::Joined {
        token,
        reached: addresses(reached),
        own: addresses(own),
    }
}

pub(super) const fn join_failed(token: Token) -> Event {
    let failure = failure(Retry::Backoff);
    Event::JoinFailed { token, failure }
}

pub(super) const fn resolve(source: SourceId, number: u64) -> Action {
    let token = work(source, number);
    Action::Resolve { source, token }
}

pub(super) fn join(source: SourceId, number: u64, hosts: &[&str]) -> Action {
    Action::Join {
        source,
        token: work(source, number),
        addresses: addresses(hosts),
        spare_members: false,
    }
}

pub(super) const fn sleep(token: Token, from_ms: u64, to_ms: u64) -> Action {
    let window = Window {
        from: Duration::from_millis(from_ms),
        to: Duration::from_millis(to_ms),
    };
    Action::Sleep { token, window }
}

/// The sleep between two rounds.
pub(super) const fn long_sleep(number: u64) -> Action {
    sleep(refresh(number), 300_000, 420_000)
}

pub(super) const fn woken(waker: Waker) -> Action {
    Action::Notice(Notice::Woken(waker))
}

pub(super) const fn failed(source: SourceId, attempt: u32, reason: Reason) -> Action {
    Action::Notice(Notice::Failed {
        source,
        attempt,
        reason,
    })
}

pub(super) const fn resolved(source: SourceId, count: usize, complete: bool) -> Action {
    Action::Notice(Notice::Resolved {
        source,
        count,
        complete,
    })
}

/// One source, which has been joined; no leader yet; it sleeps.
pub(super) fn waiting_for_a_leader() -> Engine {
    let events = [
        Event::Started,
        found(work(A, 1), &["10.0.0.1"]),
        joined(work(A, 1), &["10.0.0.1"], &[]),
    ];
    after(engine(&[Kind::Retry], 0), events)
}

/// The same, and a leader is known.
pub(super) fn resting() -> Engine {
    after(waiting_for_a_leader(), [Event::LeaderKnown])
}
