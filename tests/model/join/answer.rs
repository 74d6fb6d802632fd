//! How look-ups and joins may end, and the events that tell the engine so.

use quorate::join::{Event, Failure, Found, Reason, Retry};
use quorate::types::Address;

use super::world::{Step, Work};

/// How a look-up ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lookup {
    Complete,
    WithGaps,
    OnlySelf,
    Misconfigured,
    Failed,
}

/// How a join ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Contact {
    Others,
    OnlySelf,
    Nobody,
}

/// How the look-ups and the joins of a source may end. The engine treats all sources alike, so it
/// is enough that each way is open to one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ways {
    pub(super) lookups: &'static [Lookup],
    pub(super) contacts: &'static [Contact],
}

/// The address that a source lists.
pub(super) fn address(owner: usize) -> Address {
    let host: [u8; 4] = [10, 0, 0, u8::try_from(owner).unwrap_or(u8::MAX)];
    Address::from(std::net::SocketAddr::from((host, 8301)))
}

pub(super) fn event(step: &Step) -> Event {
    match step {
        Step::Resolve(work, end) => Event::Resolved {
            token: work.token,
            answer: answer(work.owner, *end),
        },
        Step::Join(work, Contact::Others) => joined(*work, true),
        Step::Join(work, Contact::OnlySelf) => joined(*work, false),
        Step::Join(work, Contact::Nobody) => Event::JoinFailed {
            token: work.token,
            failure: failure(Reason::PeersUnreachable, Retry::Backoff),
        },
        Step::Wake(work) => Event::Woke(work.token),
        Step::Happen(event) => event.clone(),
    }
}

fn answer(owner: usize, end: Lookup) -> Result<Found, Failure> {
    let lists_one = matches!(end, Lookup::Complete | Lookup::WithGaps);
    match end {
        Lookup::Complete | Lookup::WithGaps | Lookup::OnlySelf => Ok(Found {
            addresses: lists_one.then(|| address(owner)).into_iter().collect(),
            has_own: end == Lookup::OnlySelf,
            complete: end != Lookup::WithGaps,
            fresh_for: None,
        }),
        Lookup::Misconfigured => Err(failure(Reason::Misconfigured, Retry::Never)),
        Lookup::Failed => Err(failure(Reason::DiscoveryFailed, Retry::Backoff)),
    }
}

fn joined(work: Work, is_other: bool) -> Event {
    let (mut reached, mut own) = (Vec::new(), Vec::new());
    let side = if is_other { &mut reached } else { &mut own };
    side.push(address(work.owner));
    Event::Joined {
        token: work.token,
        reached,
        own,
    }
}

const fn failure(reason: Reason, retry: Retry) -> Failure {
    Failure { reason, retry }
}
