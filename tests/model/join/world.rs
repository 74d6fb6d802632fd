//! A driver that answers in any order, late or twice, and surroundings that do as they like. Beside
//! the engine it keeps its own account of what happened, simple enough to be seen right.

use std::num::NonZeroU32;

use quorate::join::{
    Action, Actions, Activity, Engine, Event, Kind, Notice, Phase, Policy, SourceId, Token,
};

use super::answer::{Contact, Lookup, Ways, event};

/// Sources in every world.
pub(super) const SOURCES: usize = 2;

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

/// Work that the engine asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Work {
    pub(super) token: Token,
    /// Place of the source; `SOURCES` for the refresh.
    pub(super) owner: usize,
    pub(super) kind: WorkKind,
}

/// What kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum WorkKind {
    Resolve,
    Join,
    Sleep,
}

/// What bounds a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Bounds {
    /// Look-ups of one source after which nobody wakes it again.
    pub(super) lookups: u8,
    /// Alarms in one run; facts may come as often as they like.
    pub(super) alarms: u8,
}

/// The account of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Account {
    /// Look-ups in this run.
    pub(super) lookups: u8,
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
    ways: [Ways; SOURCES],
    pub(super) retry_max: Option<NonZeroU32>,
    bounds: Bounds,
    /// The newest work of each source, and of the refresh.
    pub(super) newest: [Option<Work>; SOURCES + 1],
    pub(super) accounts: [Account; SOURCES],
    pub(super) is_joined: bool,
    pub(super) was_joined: bool,
    pub(super) is_leader_known: bool,
    alarms: u8,
}

impl World {
    pub(super) fn new(
        kinds: [Kind; SOURCES],
        ways: [Ways; SOURCES],
        retry_max: Option<NonZeroU32>,
        bounds: Bounds,
    ) -> Self {
        let policy = Policy {
            retry_max,
            ..Policy::default()
        };
        Self {
            engine: Engine::new(policy, kinds),
            kinds,
            ways,
            retry_max,
            bounds,
            newest: [None; SOURCES + 1],
            accounts: [Account::default(); SOURCES],
            is_joined: false,
            was_joined: false,
            is_leader_known: false,
            alarms: 0,
        }
    }

    /// Every move that is possible now.
    pub(super) fn steps(&self) -> Vec<Step> {
        let newest = self.newest.iter().flatten();
        let mut steps: Vec<Step> = newest.flat_map(|work| self.answers(*work)).collect();
        steps.extend(FACTS.map(Step::Happen));
        if self.alarms < self.bounds.alarms {
            steps.extend(ALARMS.map(Step::Happen));
        }
        steps
    }

    /// Every way in which a piece of work may end.
    fn answers(&self, work: Work) -> Vec<Step> {
        let none = Ways {
            lookups: &[],
            contacts: &[],
        };
        let ways = self.ways.get(work.owner).copied().unwrap_or(none);
        let is_spent = |account: &Account| account.lookups >= self.bounds.lookups;
        let own = self.accounts.get(work.owner);
        let is_spent = own.map_or_else(|| self.accounts.iter().any(is_spent), is_spent);
        match work.kind {
            WorkKind::Resolve => {
                let ends = ways.lookups.iter();
                ends.map(|end| Step::Resolve(work, *end)).collect()
            }
            WorkKind::Join => {
                let ends = ways.contacts.iter();
                ends.map(|end| Step::Join(work, *end)).collect()
            }
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
        next.forget_what_no_longer_matters();
        (next, done)
    }

    /// Keeps worlds equal that differ only in what nobody asks for any more.
    fn forget_what_no_longer_matters(&mut self) {
        for (account, kind) in self.accounts.iter_mut().zip(self.kinds) {
            account.is_proven &= kind == Kind::Once;
            if self.was_joined || self.retry_max.is_none() {
                account.tries = 0;
                account.has_own = false;
            }
        }
    }

    fn account_for(&mut self, step: &Step, is_heard: bool) {
        match step {
            Step::Resolve(work, end) if is_heard => {
                let Some(account) = self.accounts.get_mut(work.owner) else {
                    return;
                };
                account.is_complete |= matches!(end, Lookup::Complete | Lookup::OnlySelf);
                account.is_proven |= *end == Lookup::OnlySelf;
                account.has_own = match end {
                    Lookup::Complete | Lookup::WithGaps => false,
                    Lookup::OnlySelf => true,
                    Lookup::Misconfigured | Lookup::Failed => account.has_own,
                };
            }
            Step::Join(work, end) if is_heard => {
                self.account_for_contact(work.owner, *end);
            }
            Step::Happen(event) => self.account_for_happening(event, is_heard),
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

    fn account_for_happening(&mut self, event: &Event, is_heard: bool) {
        match event {
            Event::LeaderKnown => self.is_leader_known = true,
            Event::LeaderLost => self.is_leader_known = false,
            Event::Met => (self.is_joined, self.was_joined) = (true, true),
            Event::Isolated => self.is_joined = false,
            _ => {}
        }
        // An alarm that nobody noticed may come as often as it likes.
        if is_heard && ALARMS.contains(event) {
            self.alarms += 1;
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
        if let Some(newest) = self.newest.get_mut(owner) {
            *newest = Some(work);
        }
    }

    /// What a friendly world would do next: start, know a leader, and answer well what is awaited.
    pub(super) fn kind_step(&self) -> Option<Step> {
        if self.engine.phase() == Phase::New {
            return Some(Step::Happen(Event::Started));
        }
        if !self.is_leader_known {
            return Some(Step::Happen(Event::LeaderKnown));
        }
        let sources = self.engine.sources().iter().zip(&self.newest);
        let mut awaited = sources.filter(|(source, _)| !is_quiet(source.activity()));
        let work = awaited.find_map(|(_, newest)| newest.as_ref());
        work.map(Work::done_well)
    }
}

/// Nothing of the source is awaited.
const fn is_quiet(activity: Activity) -> bool {
    matches!(activity, Activity::Idle | Activity::Ended(_))
}

impl Work {
    /// The work, done so that its answer could do most.
    pub(super) fn done_well(&self) -> Step {
        match self.kind {
            WorkKind::Resolve => Step::Resolve(*self, Lookup::Complete),
            WorkKind::Join => Step::Join(*self, Contact::Others),
            WorkKind::Sleep => Step::Wake(*self),
        }
    }
}

/// What is noted as a fact.
const FACTS: [Event; 3] = [Event::Started, Event::LeaderKnown, Event::Met];

/// What begins a new round.
const ALARMS: [Event; 5] = [
    Event::LeaderLost,
    Event::Isolated,
    Event::BelowFloor,
    Event::Asked,
    Event::Changed(SourceId(0)),
];
