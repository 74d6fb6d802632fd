//! A driver that answers in any order, late or twice, and surroundings that do as they like. Beside
//! the engine it keeps its own account of what happened, simple enough to be seen right.

use std::num::NonZeroU32;

use quorate::join::{
    Action, Actions, Engine, Event, Failure, Found, Kind, Notice, Policy, Reason, Retry, Token,
};
use quorate::types::Address;

/// Sources in every world.
pub(super) const SOURCES: usize = 2;
/// Look-ups of one source after which nobody wakes it again: what bounds the search.
const LOOKUPS_MAX: u8 = 2;
/// Things that happen around the agent in one run.
const HAPPENINGS_MAX: u8 = 2;

/// One move of the driver or of the surroundings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A look-up ends so.
    Resolve(Work, Lookup),
    /// A join ends so.
    Join(Work, Contact),
    /// A sleep ends.
    Wake(Work),
    /// Something that is no answer.
    Happen(Event),
}

/// How a look-up ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup {
    Complete,
    WithGaps,
    Empty,
    OnlySelf,
    Misconfigured,
    Failed,
}

/// How a join ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contact {
    Others,
    OnlySelf,
    Nobody,
}

/// Work that the engine asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Work {
    pub(super) token: Token,
    /// Place of the source; `SOURCES` for the refresh.
    pub(super) owner: usize,
    kind: WorkKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum WorkKind {
    Resolve,
    Join,
    Sleep,
}

/// The account of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Account {
    /// Look-ups in this run.
    lookups: u8,
    /// Look-ups since the round began.
    pub(super) tries: u32,
    /// It gave a complete answer.
    pub(super) is_complete: bool,
    /// Its last answer, or an address of it, was the agent's own.
    pub(super) has_own: bool,
    /// A join over it worked, or its first attempt found only the agent itself.
    pub(super) is_proven: bool,
}

/// The engine, the work at hand, and the account of what happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) kinds: [Kind; SOURCES],
    pub(super) retry_max: Option<NonZeroU32>,
    /// The newest work of each source, and of the refresh.
    pub(super) newest: [Option<Work>; SOURCES + 1],
    /// The work before it, which may still be answered, or answered again.
    pub(super) older: [Option<Work>; SOURCES + 1],
    pub(super) accounts: [Account; SOURCES],
    pub(super) is_joined: bool,
    pub(super) was_joined: bool,
    pub(super) is_leader_known: bool,
    happenings: u8,
}

impl World {
    pub(super) fn new(kinds: [Kind; SOURCES], retry_max: Option<NonZeroU32>) -> Self {
        let policy = Policy {
            retry_max,
            ..Policy::default()
        };
        Self {
            engine: Engine::new(policy, kinds),
            kinds,
            retry_max,
            newest: [None; SOURCES + 1],
            older: [None; SOURCES + 1],
            accounts: [Account::default(); SOURCES],
            is_joined: false,
            was_joined: false,
            is_leader_known: false,
            happenings: 0,
        }
    }

    /// Every move that is possible now.
    pub(super) fn steps(&self) -> Vec<Step> {
        let work = self.newest.iter().chain(&self.older).flatten();
        let mut steps: Vec<Step> = work.flat_map(|work| self.answers(*work)).collect();
        steps.push(Step::Happen(Event::Started));
        if self.happenings < HAPPENINGS_MAX {
            steps.extend(happenings().map(Step::Happen));
        }
        steps
    }

    /// Every way in which a piece of work may end.
    fn answers(&self, work: Work) -> Vec<Step> {
        let is_spent = match self.accounts.get(work.owner) {
            Some(account) => account.lookups >= LOOKUPS_MAX,
            None => self
                .accounts
                .iter()
                .any(|account| account.lookups >= LOOKUPS_MAX),
        };
        match work.kind {
            WorkKind::Resolve => LOOKUPS.map(|end| Step::Resolve(work, end)).to_vec(),
            WorkKind::Join => CONTACTS.map(|end| Step::Join(work, end)).to_vec(),
            WorkKind::Sleep if is_spent => Vec::new(),
            WorkKind::Sleep => vec![Step::Wake(work)],
        }
    }

    /// The world after a move, and what the engine asked for.
    pub(super) fn take(&self, step: &Step) -> (Self, Actions) {
        let mut next = self.clone();
        let (engine, done) = self.engine.clone().handle(event(step));
        let is_heard = engine != self.engine || !done.is_empty();
        next.engine = engine;
        next.account_for(step, is_heard);
        for action in &done {
            next.receive(action);
        }
        (next, done)
    }

    fn account_for(&mut self, step: &Step, is_heard: bool) {
        match step {
            Step::Resolve(work, end) if is_heard => {
                let Some(account) = self.accounts.get_mut(work.owner) else {
                    return;
                };
                match end {
                    Lookup::Complete | Lookup::Empty => account.is_complete = true,
                    Lookup::OnlySelf => account.is_complete = true,
                    Lookup::WithGaps | Lookup::Misconfigured | Lookup::Failed => {}
                }
                match end {
                    Lookup::Complete | Lookup::WithGaps | Lookup::Empty => account.has_own = false,
                    Lookup::OnlySelf => account.has_own = true,
                    Lookup::Misconfigured | Lookup::Failed => {}
                }
                account.is_proven |= *end == Lookup::OnlySelf;
            }
            Step::Join(work, end) if is_heard => {
                self.account_for_contact(work.owner, *end);
            }
            Step::Happen(event) => self.account_for_happening(event),
            Step::Resolve(..) | Step::Join(..) | Step::Wake(_) => {}
        }
    }

    fn account_for_contact(&mut self, owner: usize, end: Contact) {
        if let Some(account) = self.accounts.get_mut(owner) {
            account.has_own |= end == Contact::OnlySelf;
            account.is_proven |= end != Contact::Nobody;
        }
        if end == Contact::Others {
            self.is_joined = true;
            self.was_joined = true;
        }
    }

    fn account_for_happening(&mut self, event: &Event) {
        if *event != Event::Started {
            self.happenings += 1;
        }
        match event {
            Event::LeaderKnown => self.is_leader_known = true,
            Event::LeaderLost => self.is_leader_known = false,
            Event::Met => (self.is_joined, self.was_joined) = (true, true),
            Event::Isolated => self.is_joined = false,
            _ => {}
        }
    }

    fn receive(&mut self, action: &Action) {
        let (token, kind) = match action {
            Action::Resolve { token, .. } => (*token, WorkKind::Resolve),
            Action::Join { token, .. } => (*token, WorkKind::Join),
            Action::Sleep { token, .. } => (*token, WorkKind::Sleep),
            Action::Notice(Notice::Woken(_)) => {
                for account in &mut self.accounts {
                    account.tries = 0;
                }
                return;
            }
            Action::Notice(_) | Action::GiveUp(_) => return,
        };
        let owner = token.source().map_or(SOURCES, |id| usize::from(id.0));
        let work = Work { token, owner, kind };
        if let (WorkKind::Resolve, Some(account)) = (kind, self.accounts.get_mut(owner)) {
            account.lookups += 1;
            account.tries += 1;
        }
        if let (Some(newest), Some(older)) = (self.newest.get_mut(owner), self.older.get_mut(owner))
        {
            *older = newest.replace(work);
        }
    }

    /// What a friendly world would do next: answer everything well, have others come, and a
    /// leader.
    pub(super) fn kind_steps(&self) -> Vec<Step> {
        let well = |work: &Work| match work.kind {
            WorkKind::Resolve => Step::Resolve(*work, Lookup::Complete),
            WorkKind::Join => Step::Join(*work, Contact::Others),
            WorkKind::Sleep => Step::Wake(*work),
        };
        let answers = self.newest.iter().take(SOURCES).flatten().map(well);
        let start = [Event::Started, Event::LeaderKnown].map(Step::Happen);
        start.into_iter().chain(answers).collect()
    }
}

const LOOKUPS: [Lookup; 6] = [
    Lookup::Complete,
    Lookup::WithGaps,
    Lookup::Empty,
    Lookup::OnlySelf,
    Lookup::Misconfigured,
    Lookup::Failed,
];

const CONTACTS: [Contact; 3] = [Contact::Others, Contact::OnlySelf, Contact::Nobody];

fn happenings() -> [Event; 7] {
    [
        Event::LeaderKnown,
        Event::LeaderLost,
        Event::Met,
        Event::Isolated,
        Event::BelowFloor,
        Event::Asked,
        Event::Stop,
    ]
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
        Lookup::Complete | Lookup::WithGaps | Lookup::Empty | Lookup::OnlySelf => Ok(Found {
            addresses: lists_one.then(|| address(owner)).into_iter().collect(),
            has_own: end == Lookup::OnlySelf,
            complete: end != Lookup::WithGaps,
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
