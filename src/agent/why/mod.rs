//! Looks at the agent again and again, asks the rules of [`why`](crate::why) which reason holds,
//! and tells: one line in the log per change, and a report for whoever asks.
//!
//! Decides nothing. What it adds is time: since when, and whether it still turns.

mod facts;
mod told;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use super::join_driver::Sight;
use super::parts::Parts;
use crate::types::{Reason, Stage};
use crate::why::{Report, Said, decide};
use facts::Gatherer;
pub(super) use told::{Word, ask_servers};

/// How often facts are looked at that announce themselves by no event. Chosen: a probe or a
/// service manager shall learn of a change well within a second.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the loop may take over one turn before the agent no longer counts as live. Chosen: a
/// busy machine delays a turn by a second or two, a hang by far more.
const LIVE_WITHIN: Duration = Duration::from_secs(5);

/// How often the words of one reason are a line in the log when they change. A change of the code is
/// one at once (demand study, P8).
const LOG_EVERY: Duration = Duration::from_secs(10);

/// What is shown at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    said: Said,
    since: Instant,
    since_ms: u64,
    is_formed: bool,
}

/// Whoever wants to know why asks here. Clones show the same.
#[derive(Debug, Clone)]
pub(super) struct Why {
    shown: watch::Receiver<Shown>,
    sights: watch::Receiver<Vec<Sight>>,
    pulse: watch::Receiver<Instant>,
    /// What was done of a leave or a stop, a line each; none before it begins.
    leaving: Arc<watch::Sender<Option<Vec<String>>>>,
    /// That it was taken out of its cluster; none while it was not.
    removed: Arc<watch::Sender<Option<Said>>>,
}

/// The ends at which the loop tells.
#[derive(Debug)]
pub(super) struct Teller {
    shown: watch::Sender<Shown>,
    pulse: watch::Sender<Instant>,
    /// What was logged last, and when; none before the first line.
    logged: Mutex<Option<(Said, Instant)>>,
}

impl Why {
    /// Begins with nothing known; `now_ms` is the host's clock.
    pub(super) fn new(sights: watch::Receiver<Vec<Sight>>, now_ms: u64) -> (Self, Teller) {
        let (shown, seen) = watch::channel(Shown {
            said: Said::plain(Reason::Starting),
            since: Instant::now(),
            since_ms: now_ms,
            is_formed: false,
        });
        let (pulse, felt) = watch::channel(Instant::now());
        let why = Self {
            shown: seen,
            sights,
            pulse: felt,
            leaving: Arc::new(watch::Sender::new(None)),
            removed: Arc::new(watch::Sender::new(None)),
        };
        let logged = Mutex::new(None);
        let teller = Teller {
            shown,
            pulse,
            logged,
        };
        (why, teller)
    }

    /// The agent is on its way out from here on.
    pub(super) fn leave(&self) {
        self.leaving.send_if_modified(|stages| {
            let is_new = stages.is_none();
            stages.get_or_insert_default();
            is_new
        });
    }

    /// This server is out of its cluster, for good. Returns once that is told at every door, or
    /// the deciding loop hangs.
    pub(super) async fn remove(&self, said: Said) {
        self.removed.send_replace(Some(said));
        let mut shown = self.shown.clone();
        let told = shown.wait_for(|shown| shown.said.reason == Reason::Removed);
        let _told_or_hung = timeout(LIVE_WITHIN, told).await;
    }

    /// The next stage of the way out is reached.
    pub(super) fn tell(&self, stage: String) {
        self.leaving
            .send_modify(|stages| stages.get_or_insert_default().push(stage));
    }

    /// The stages of the way out so far.
    pub(super) fn stages(&self) -> Vec<String> {
        self.leaving.borrow().clone().unwrap_or_default()
    }

    /// The reason with all that belongs to it.
    pub(super) fn report(&self) -> Report {
        let shown = self.shown.borrow().clone();
        Report {
            held: shown.since.elapsed(),
            since_ms: shown.since_ms,
            is_formed: shown.is_formed,
            is_live: self.is_live(),
            sources: self.sights.borrow().iter().map(Sight::now).collect(),
            said: shown.said,
        }
    }

    /// The reason in words.
    pub(super) fn said(&self) -> Said {
        self.shown.borrow().said.clone()
    }

    /// The deciding loop has turned of late.
    pub(super) fn is_live(&self) -> bool {
        self.pulse.borrow().elapsed() < LIVE_WITHIN
    }

    /// Takes what holds now for known.
    pub(super) fn mark(&mut self) {
        self.shown.mark_unchanged();
    }

    /// Returns when the reason or its words have changed since the last call.
    pub(super) async fn changed(&mut self) {
        if self.shown.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Looks until the agent stops.
pub(super) async fn run(parts: Arc<Parts>, teller: Teller) {
    let mut gatherer = Gatherer::new(&parts);
    let mut events = Events::new(&parts);
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let facts = gatherer.facts(&parts);
        teller.tell(decide(&facts), facts.cluster.is_some(), parts.now_ms());
        tokio::select! {
            _ = look.tick() => {}
            () = events.next() => {}
        }
    }
}

impl Teller {
    pub(super) fn tell(&self, said: Said, is_formed: bool, now_ms: u64) {
        self.pulse.send_replace(Instant::now());
        if self.is_line(&said) {
            log(&said);
        }
        self.shown.send_if_modified(|shown| {
            if shown.said == said && shown.is_formed == is_formed {
                return false;
            }
            if shown.said.reason != said.reason {
                shown.since = Instant::now();
                shown.since_ms = now_ms;
            }
            shown.said = said;
            shown.is_formed = is_formed;
            true
        });
    }

    /// Whether this is a line in the log now, which it then was: another code at once, other words of
    /// the same now and then.
    fn is_line(&self, said: &Said) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = logged.as_ref().is_none_or(|(last, at)| {
            let is_late = at.elapsed() >= LOG_EVERY;
            last.reason != said.reason || (last.line != said.line && is_late)
        });
        if is_due {
            *logged = Some((said.clone(), Instant::now()));
        }
        is_due
    }
}

fn log(said: &Said) {
    let (reason, detail) = (said.reason, &said.line);
    if reason == Reason::Ready {
        info!(target: "agent", %reason, detail, "agent is ready");
    } else if reason.stage() == Stage::Well {
        info!(target: "agent", %reason, detail, "agent is not ready");
    } else {
        warn!(target: "agent", %reason, detail, "agent is not ready");
    }
}

/// What may change the reason and says so.
struct Events {
    members: watch::Receiver<Arc<[crate::types::Member]>>,
    sights: watch::Receiver<Vec<Sight>>,
    leaving: watch::Receiver<Option<Vec<String>>>,
    removed: watch::Receiver<Option<Said>>,
    founding: Option<watch::Receiver<Said>>,
    registered: watch::Receiver<bool>,
}

impl Events {
    fn new(parts: &Parts) -> Self {
        Self {
            members: parts.gossip.watch(),
            sights: parts.why.sights.clone(),
            leaving: parts.why.leaving.subscribe(),
            removed: parts.why.removed.subscribe(),
            founding: parts.founding.as_ref().map(|founding| founding.watch()),
            registered: parts.registered.clone(),
        }
    }

    async fn next(&mut self) {
        let founding = async {
            match &mut self.founding {
                Some(founding) => founding.changed().await,
                None => std::future::pending().await,
            }
        };
        // Where a fact has ended, the agent is about to; its next look is that of the clock.
        tokio::select! {
            Ok(()) = self.members.changed() => {}
            Ok(()) = self.sights.changed() => {}
            Ok(()) = self.leaving.changed() => {}
            Ok(()) = self.removed.changed() => {}
            Ok(()) = self.registered.changed() => {}
            Ok(()) = founding => {}
            else => std::future::pending().await,
        }
    }
}
