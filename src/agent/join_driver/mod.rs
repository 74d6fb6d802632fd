//! Carries out what the join engine asks, and reports what came of it.
//!
//! Decides nothing: [`join::Engine`](crate::join::Engine) does. What it adds is I/O, the draw of
//! each jittered sleep, and the log.

mod files;
mod knock;
mod look;
mod memory;
mod remember;
mod report;
mod seen;
mod sources;
#[cfg(test)]
mod tests;
mod work;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{error, warn};

use super::End;
use super::evidence::Evidence;
use super::lookup::{Lookup, Text};
use super::membership::Membership;
use super::parts::Parts;
use super::why::Word;
use crate::config::Config;
use crate::datadir::DataDir;
use crate::gossip::Gossip;
use crate::host::Host;
use crate::join::{Action, Engine, Event, Notice, Outcome, Policy, SourceId};
use crate::raft::Raft;
use crate::types::Member;
use crate::why::Refused;

use files::Files;
use memory::Memory;
use seen::Seen;
pub(super) use seen::Sight;
pub(super) use sources::{Entry, Sources};

/// How often the facts that announce themselves by no event are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What came of a piece of work, with words for people.
struct Done {
    event: Event,
    detail: Option<(SourceId, Detail)>,
}

/// What a piece of work said of its source; none leaves what was known.
#[derive(Default)]
struct Detail {
    /// What went wrong, in full.
    error: Option<String>,
    /// Addresses that answered and refused.
    refused: Option<Vec<Refused>>,
    /// What the source itself said.
    text: Option<Text>,
    /// Addresses at which no connection came about.
    silent: Option<Vec<SocketAddr>>,
}

/// Joins, and joins again, as long as the agent lives.
pub(super) struct JoinDriver {
    engine: Engine,
    sources: Sources,
    lookup: Lookup,
    gossip: Gossip,
    raft: Option<Raft>,
    membership: Arc<Membership>,
    dir: DataDir,
    host: Arc<dyn Host>,
    evidence: watch::Sender<Evidence>,
    end: mpsc::Sender<End>,
    work: FuturesUnordered<BoxFuture<'static, Done>>,
    files: Files,
    settings: watch::Receiver<Arc<Config>>,
    told: watch::Receiver<Word>,
    seen: Seen,
    sights: watch::Sender<Vec<Sight>>,
    /// Sources that led to others, of which the log has told.
    joined: BTreeSet<SourceId>,
    /// Since when no leader has been known.
    leaderless: Option<Instant>,
    was_alone: bool,
    servers_before: usize,
    memory: Memory,
}

/// How patient an agent is, of this kind and with this past.
fn policy(config: &Config, is_server: bool, is_blank: bool) -> Policy {
    let retry_max = config.retry_max.and_then(NonZeroU32::new);
    if is_server && !is_blank {
        return Policy::of_member(config.retry_interval, retry_max);
    }
    let is_one_of_some = config.bootstrap_expect.is_some_and(|expect| expect > 1);
    Policy::configured(config.retry_interval, retry_max).founding(is_blank && is_one_of_some)
}

impl JoinDriver {
    pub(super) fn new(
        parts: &Parts,
        sources: Sources,
        evidence: watch::Sender<Evidence>,
        sights: watch::Sender<Vec<Sight>>,
    ) -> Self {
        let is_blank = parts.membership.cluster().is_none();
        let policy = policy(&parts.config, parts.raft.is_some(), is_blank);
        Self {
            engine: Engine::new(policy, sources.manners()),
            memory: Memory::default(),
            files: Files::new(&parts.lookup, sources.of_files()),
            settings: parts.settings.watch(),
            told: parts.told.clone(),
            sources,
            lookup: parts.lookup.clone(),
            gossip: parts.gossip.clone(),
            raft: parts.raft.clone(),
            membership: Arc::clone(&parts.membership),
            dir: parts.dir.clone(),
            host: Arc::clone(&parts.host),
            evidence,
            end: parts.end.clone(),
            work: FuturesUnordered::new(),
            seen: Seen::default(),
            sights,
            joined: BTreeSet::new(),
            leaderless: Some(Instant::now()),
            was_alone: true,
            servers_before: 0,
        }
    }

    /// Runs until the agent stops.
    pub(super) async fn run(mut self) {
        let mut members = self.gossip.watch();
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        report::start(&self.sources);
        self.handle(Event::Started);
        loop {
            tokio::select! {
                Some(done) = self.work.next() => {
                    self.note(done.detail);
                    self.handle(done.event);
                }
                Some(source) = self.files.changed() => self.handle(Event::Changed(source)),
                // Whoever has the settings read again wants to see what they lead to.
                Ok(()) = self.settings.changed() => self.handle(Event::Asked),
                changed = members.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let list = Arc::clone(&members.borrow_and_update());
                    self.look_at_members(&list);
                    self.remember(&list).await;
                }
                _ = look.tick() => {
                    self.look_at_leader();
                    if self.memory.is_overdue() {
                        let list = Arc::clone(&members.borrow());
                        self.remember(&list).await;
                    }
                }
            }
        }
    }

    fn note(&mut self, detail: Option<(SourceId, Detail)>) {
        if let Some((source, mut detail)) = detail {
            if let Some(text) = detail.text.take() {
                self.files.note(source, text);
            }
            self.seen.note(source, detail);
        }
    }

    fn handle(&mut self, event: Event) {
        let (engine, actions) = self.engine.clone().handle(event);
        self.engine = engine;
        self.publish_evidence();
        for action in actions {
            match action {
                Action::Resolve { source, token } => {
                    self.seen.begins(source);
                    let entry = self.without_leavers(self.sources.entry(source).cloned());
                    let resolve = work::resolve(entry, self.lookup.clone(), self.own(), token);
                    self.work.push(Box::pin(resolve));
                }
                Action::Join {
                    source,
                    token,
                    addresses,
                    spare_members,
                } => {
                    let spared = if spare_members {
                        self.alive()
                    } else {
                        BTreeSet::new()
                    };
                    let join = work::join(self.gossip.clone(), source, token, addresses, spared);
                    self.work.push(Box::pin(join));
                }
                Action::Sleep { token, window } => {
                    let pause = work::draw(window);
                    self.seen.sleeps(token.source(), pause);
                    let silent = self.seen.silent(token.source());
                    let sleep = knock::sleep(token, pause, silent, Arc::clone(&self.host));
                    self.work.push(Box::pin(sleep));
                }
                Action::Notice(notice) => self.report(notice),
                Action::GiveUp(outcome) => self.give_up(outcome),
            }
        }
        self.publish_sights();
    }

    fn give_up(&self, outcome: Outcome) {
        let why = match outcome {
            Outcome::Told => return,
            Outcome::Exhausted => "agent: max join LAN retry exhausted, exiting".to_owned(),
            Outcome::OnceFailed { source, reason } => {
                let detail = self.seen.error(source);
                let is_told = !detail.is_empty();
                format!(
                    "start_join: {}",
                    if is_told { detail } else { reason.prose() }
                )
            }
        };
        error!(target: "agent", error = %why, "join failed");
        let _already_ending = self.end.try_send(End::Failed(why));
    }

    fn publish_evidence(&self) {
        let now = self.sources.evidence(&self.engine);
        self.evidence.send_if_modified(|before| {
            let is_news = *before != now;
            if is_news {
                *before = now;
            }
            is_news
        });
    }

    fn publish_sights(&self) {
        let now = self.seen.sights(&self.sources, &self.engine);
        self.sights.send_if_modified(|before| {
            let is_news = *before != now;
            if is_news {
                *before = now;
            }
            is_news
        });
    }

    /// Keeps the addresses of the others for the next start, when it is time.
    async fn remember(&mut self, members: &[Member]) {
        let own = self.gossip.own().node_id;
        let Some(list) = self.memory.due(members, own) else {
            return;
        };
        match self.dir.work(move |dir| dir.store_peers(&list)).await {
            Ok(()) => self.memory.is_stored(),
            Err(error) => {
                warn!(target: "agent", error = %super::lookup::chain(&error),
                    "addresses of the others not remembered");
            }
        }
    }

    fn report(&mut self, notice: Notice) {
        let is_news = match notice {
            Notice::Joined { source, .. } => self.joined.insert(source),
            _ => true,
        };
        self.seen.notice(notice);
        if is_news {
            report::notice(&self.sources, &self.seen, notice);
        }
    }
}
