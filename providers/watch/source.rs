//! One query of a watch: asks, compares, tells, waits.

use std::mem;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc::Sender;

use super::pace::{self, Ended};
use super::update::{merged, missing_in};
use super::{CacheError, Shared, Update};
use crate::{Answer, Contact, Gap, Kind, Query, ResolveError};

/// What is known of one query.
#[derive(Debug)]
pub(super) struct Source {
    index: usize,
    query: Query,
    shared: Shared,
    contacts: Vec<Contact>,
    gaps: Vec<Gap>,
    error: Option<ResolveError>,
    since: Option<SystemTime>,
    cache_error: Option<CacheError>,
    is_cached: bool,
    /// Lookups in a row that were not complete.
    failures: u32,
    /// Nothing was told yet.
    is_silent: bool,
}

/// What makes two states the same for the reader.
type Face = (Vec<Contact>, Vec<(String, Kind)>, Option<Kind>, bool);

impl Source {
    pub(super) const fn new(index: usize, query: Query, shared: Shared) -> Self {
        Self {
            index,
            query,
            shared,
            contacts: Vec::new(),
            gaps: Vec::new(),
            error: None,
            since: None,
            cache_error: None,
            is_cached: false,
            failures: 0,
            is_silent: true,
        }
    }

    /// Goes on until the query is refused for good or nobody listens.
    pub(super) async fn run(mut self, sender: Sender<Update>) {
        self.is_silent = !self.load().await;
        if self.is_cached && !self.tell(&sender, Vec::new(), None).await {
            return;
        }
        loop {
            let before = self.face();
            let contacts_before = self.contacts.clone();
            let next = self.ask().await;
            let is_changed = mem::take(&mut self.is_silent) || self.face() != before;
            if is_changed && !self.tell(&sender, contacts_before, next).await {
                return;
            }
            let Some(pause) = next else { return };
            self.shared.io.clock().sleep(pause).await;
            if sender.is_closed() {
                return;
            }
        }
    }

    /// Takes what the disk has; says whether there was anything.
    async fn load(&mut self) -> bool {
        let Some(cache) = self.shared.cache.clone() else {
            return false;
        };
        let Some(kept) = cache.load(&self.query).await else {
            return false;
        };
        (self.contacts, self.since) = (kept.contacts, Some(kept.since));
        self.is_cached = true;
        true
    }

    /// Looks up once, takes the outcome in, and says how long to wait.
    async fn ask(&mut self) -> Option<Duration> {
        let shared = self.shared.clone();
        let outcome = shared
            .registry
            .resolve(&self.query, &shared.io, &shared.limits)
            .await;
        let is_complete = outcome.as_ref().is_ok_and(Answer::is_complete);
        self.failures = if is_complete { 0 } else { self.failures + 1 };
        let ended = match &outcome {
            Ok(answer) => Ended::Answered(answer),
            Err(error) => Ended::Failed(error),
        };
        let chance = shared.io.clock().chance();
        let pause = pace::pause(ended, self.failures, shared.refresh, chance);
        match outcome {
            Ok(answer) => self.take_in(answer).await,
            Err(error) => {
                self.error = Some(error);
                self.gaps.clear();
            }
        }
        pause
    }

    async fn take_in(&mut self, answer: Answer) {
        let is_complete = answer.is_complete();
        (self.error, self.is_cached) = (None, false);
        self.gaps = answer.gaps;
        if !is_complete {
            self.contacts = merged(answer.contacts, &self.contacts);
            return;
        }
        let now = self.shared.io.clock().now();
        (self.contacts, self.since) = (answer.contacts, Some(now));
        if let Some(cache) = self.shared.cache.clone() {
            let kept = cache.store(&self.query, now, &self.contacts).await;
            self.cache_error = kept.err();
        }
    }

    fn face(&self) -> Face {
        let part = |gap: &Gap| (gap.part.clone(), gap.error.kind());
        let gaps = self.gaps.iter().map(part).collect();
        let error = self.error.as_ref().map(ResolveError::kind);
        (self.contacts.clone(), gaps, error, self.is_cached)
    }

    /// Says whether anybody listens.
    async fn tell(
        &self,
        sender: &Sender<Update>,
        before: Vec<Contact>,
        next: Option<Duration>,
    ) -> bool {
        let now = self.shared.io.clock().now();
        // What comes from the disk is followed by a lookup at once.
        let next = next.or_else(|| self.error.is_none().then_some(Duration::ZERO));
        let update = Update {
            source: self.index,
            query: self.query.clone(),
            added: missing_in(&self.contacts, &before),
            removed: missing_in(&before, &self.contacts),
            contacts: self.contacts.clone(),
            gaps: self.gaps.clone(),
            since: self.since,
            error: self.error.clone(),
            next: next.map(|pause| now + pause),
            cache_error: self.cache_error.clone(),
            is_cached: self.is_cached,
        };
        sender.send(update).await.is_ok()
    }
}
