//! How each source does, for whoever asks why: last error, refusals, next attempt.
//!
//! Decides nothing; the engine knows what a source is doing, this knows in which words and when.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::Sources;
use crate::join::{Activity, Engine, Notice, SourceId};
use crate::types::Reason;
use crate::why::{Doing, Refused, Source};

/// A source as it was seen last, with the times that age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::agent) struct Sight {
    source: Source,
    busy_at: Option<Instant>,
    failed_at: Option<Instant>,
    next_at: Option<Instant>,
}

impl Sight {
    /// A source that will be asked in a moment.
    pub(super) fn unasked(name: String) -> Self {
        Self {
            source: Source {
                name,
                doing: Doing::Resolving,
                attempt: 1,
                busy_for: None,
                failure: None,
                error: String::new(),
                refused: Vec::new(),
                failed_ago: None,
                next_in: None,
            },
            busy_at: Some(Instant::now()),
            failed_at: None,
            next_at: None,
        }
    }

    /// The source as it is now.
    pub(in crate::agent) fn now(&self) -> Source {
        let until = |at: Instant| at.saturating_duration_since(Instant::now());
        Source {
            busy_for: self.busy_at.map(|at| at.elapsed()),
            failed_ago: self.failed_at.map(|at| at.elapsed()),
            next_in: self.next_at.map(until),
            ..self.source.clone()
        }
    }
}

/// What is remembered of one source.
#[derive(Debug, Default)]
struct Memory {
    /// The last failure in full.
    error: String,
    refused: Vec<Refused>,
    silent: Vec<SocketAddr>,
    busy_at: Option<Instant>,
    failed_at: Option<Instant>,
    next_at: Option<Instant>,
}

/// What is remembered of every source.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<SourceId, Memory>);

impl Seen {
    /// Takes what a piece of work said of a source.
    pub(super) fn note(&mut self, source: SourceId, detail: super::Detail) {
        let memory = self.0.entry(source).or_default();
        if let Some(error) = detail.error {
            memory.error = error;
        }
        if let Some(refused) = detail.refused {
            memory.refused = refused;
        }
        if let Some(silent) = detail.silent {
            memory.silent = silent;
        }
    }

    /// Takes note of an attempt that came to nothing.
    pub(super) fn notice(&mut self, notice: Notice) {
        if let Notice::Failed { source, .. } | Notice::Ended { source, .. } = notice {
            self.0.entry(source).or_default().failed_at = Some(Instant::now());
        }
    }

    /// Takes note of an attempt that begins.
    pub(super) fn begins(&mut self, source: SourceId) {
        self.0.entry(source).or_default().busy_at = Some(Instant::now());
    }

    /// Takes note of a pause before the next attempt.
    pub(super) fn sleeps(&mut self, source: Option<SourceId>, pause: Duration) {
        if let Some(source) = source {
            self.0.entry(source).or_default().next_at = Some(Instant::now() + pause);
        }
    }

    /// Where no connection came about when a source was tried last.
    pub(super) fn silent(&self, source: Option<SourceId>) -> Vec<SocketAddr> {
        let memory = source.and_then(|source| self.0.get(&source));
        memory.map_or_else(Vec::new, |memory| memory.silent.clone())
    }

    /// The last failure of a source in full; empty if there was none.
    pub(super) fn error(&self, source: SourceId) -> &str {
        self.0.get(&source).map_or("", |memory| &memory.error)
    }

    /// Every source as it stands.
    pub(super) fn sights(&self, sources: &Sources, engine: &Engine) -> Vec<Sight> {
        let numbered = (0..=u16::MAX).map(SourceId).zip(engine.sources());
        let none = Memory::default();
        let sight = |(id, source): (SourceId, &crate::join::Source)| {
            let memory = self.0.get(&id).unwrap_or(&none);
            let (doing, attempt) = doing(source.activity());
            let failure = source.last_failure();
            Sight {
                source: Source {
                    name: sources.name(id),
                    doing,
                    attempt,
                    busy_for: None,
                    failure,
                    error: failure.map_or_else(String::new, |_| memory.error.clone()),
                    refused: memory.refused.clone(),
                    failed_ago: None,
                    next_in: None,
                },
                busy_at: memory.busy_at.filter(|_| doing.is_busy()),
                failed_at: failure.and(memory.failed_at),
                next_at: memory.next_at.filter(|_| doing == Doing::Waiting),
            }
        };
        numbered.map(sight).collect()
    }
}

const fn doing(activity: Activity) -> (Doing, u32) {
    match activity {
        Activity::Idle => (Doing::Resting, 0),
        Activity::Resolving { attempt, .. } => (Doing::Resolving, attempt),
        Activity::Joining { attempt, .. } => (Doing::Joining, attempt),
        Activity::Sleeping { attempt, .. } => (Doing::Waiting, attempt),
        Activity::Ended(_) => (Doing::Ended, 0),
    }
}

/// Whether an address answered and refused, and did not just keep silent.
pub(super) const fn is_refusal(reason: Reason) -> bool {
    !matches!(reason, Reason::PeersUnreachable)
}
