//! Carries out what the join engine asks, and reports what came of it.
//!
//! Decides nothing: [`join::Engine`](crate::join::Engine) does. What it adds is I/O, the draw of
//! each jittered sleep, and the log.

mod report;
mod seen;
mod sources;
mod work;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{error, warn};

use super::End;
use super::evidence::Evidence;
use super::lookup::Lookup;
use super::membership::Membership;
use super::parts::Parts;
use crate::datadir::DataDir;
use crate::gossip::Gossip;
use crate::join::{Action, Engine, Event, Notice, Outcome, Policy, SourceId};
use crate::raft::Raft;
use crate::types::{Member, MemberStatus};
use crate::why::Refused;

use seen::Seen;
pub(super) use seen::Sight;
pub(super) use sources::{Entry, Sources};

/// Without a leader for so long, the agent looks for others again (design, section 6).
const LEADERLESS: Duration = Duration::from_secs(10);
/// How often the facts that announce themselves by no event are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Most addresses that are remembered for the next start.
const REMEMBERED_MAX: usize = 64;

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
}

/// Joins, and joins again, as long as the agent lives.
pub(super) struct JoinDriver {
    engine: Engine,
    sources: Sources,
    lookup: Lookup,
    gossip: Gossip,
    raft: Option<Raft>,
    membership: std::sync::Arc<Membership>,
    dir: DataDir,
    evidence: watch::Sender<Evidence>,
    end: mpsc::Sender<End>,
    work: FuturesUnordered<BoxFuture<'static, Done>>,
    seen: Seen,
    sights: watch::Sender<Vec<Sight>>,
    /// Sources that led to others, of which the log has told.
    joined: BTreeSet<SourceId>,
    /// Since when no leader has been known.
    leaderless: Option<Instant>,
    was_alone: bool,
    servers_before: usize,
    remembered: BTreeSet<SocketAddr>,
}

impl JoinDriver {
    pub(super) fn new(
        parts: &Parts,
        sources: Sources,
        evidence: watch::Sender<Evidence>,
        sights: watch::Sender<Vec<Sight>>,
    ) -> Self {
        let retry_max = parts.config.retry_max.and_then(NonZeroU32::new);
        let policy = Policy::configured(parts.config.retry_interval, retry_max);
        Self {
            engine: Engine::new(policy, sources.kinds()),
            remembered: sources.remembered(),
            sources,
            lookup: parts.lookup.clone(),
            gossip: parts.gossip.clone(),
            raft: parts.raft.clone(),
            membership: std::sync::Arc::clone(&parts.membership),
            dir: parts.dir.clone(),
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
        self.report_start();
        self.handle(Event::Started);
        loop {
            tokio::select! {
                Some(done) = self.work.next() => {
                    if let Some((source, detail)) = done.detail {
                        self.seen.note(source, detail);
                    }
                    self.handle(done.event);
                }
                changed = members.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let list = std::sync::Arc::clone(&members.borrow_and_update());
                    self.look_at_members(&list);
                    self.remember(&list).await;
                }
                _ = look.tick() => self.look_at_leader(),
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let (engine, actions) = self.engine.clone().handle(event);
        self.engine = engine;
        self.publish_evidence();
        for action in actions {
            match action {
                Action::Resolve { source, token } => {
                    let entry = self.without_leavers(self.sources.entry(source).cloned());
                    let resolve = work::resolve(entry, self.lookup.clone(), self.own(), token);
                    self.work.push(Box::pin(resolve));
                }
                Action::Join {
                    source,
                    token,
                    addresses,
                } => {
                    let join = work::join(self.gossip.clone(), source, token, addresses);
                    self.work.push(Box::pin(join));
                }
                Action::Sleep { token, window } => {
                    let pause = work::draw(window);
                    self.seen.sleeps(token.source(), pause);
                    self.work.push(Box::pin(work::sleep(token, pause)));
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

    /// Members that left are not fetched back.
    fn without_leavers(&self, entry: Option<Entry>) -> Option<Entry> {
        let Some(Entry::Remembered(peers)) = entry else {
            return entry;
        };
        let members = self.gossip.members();
        let has_left = |addr: &SocketAddr| {
            let mut here = members
                .iter()
                .filter(|member| member.says.gossip_addr == *addr);
            here.next_back()
                .is_some_and(|member| member.status == MemberStatus::Left)
        };
        Some(Entry::Remembered(
            peers.into_iter().filter(|addr| !has_left(addr)).collect(),
        ))
    }

    /// Addresses at which this agent itself is reached.
    fn own(&self) -> BTreeSet<SocketAddr> {
        BTreeSet::from([self.gossip.local_addr(), self.gossip.own().gossip_addr])
    }

    fn look_at_members(&mut self, members: &[Member]) {
        let own = self.gossip.own().node_id;
        let others = || {
            let alive = members
                .iter()
                .filter(|member| member.status == MemberStatus::Alive);
            alive.filter(|member| member.says.node_id != own)
        };
        let is_alone = others().next().is_none();
        if is_alone != self.was_alone {
            self.was_alone = is_alone;
            self.handle(if is_alone {
                Event::Isolated
            } else {
                Event::Met
            });
        }
        let servers = others()
            .filter(|member| member.says.server().is_some())
            .count();
        if servers < self.servers_before && servers < self.floor() {
            self.handle(Event::BelowFloor);
        }
        self.servers_before = servers;
        self.look_at_leader();
    }

    /// How many other servers there should be: on a server the other voters, else one.
    fn floor(&self) -> usize {
        match &self.raft {
            Some(raft) => raft.status().voters().count().saturating_sub(1),
            None => 1,
        }
    }

    fn look_at_leader(&mut self) {
        let is_led = match &self.raft {
            Some(raft) => raft.status().leader.is_some(),
            None => self.membership.cluster().is_some() && self.servers_before > 0,
        };
        match (is_led, self.leaderless) {
            (true, Some(_)) => {
                self.leaderless = None;
                self.handle(Event::LeaderKnown);
            }
            (false, None) => self.leaderless = Some(Instant::now()),
            (false, Some(since)) if since.elapsed() >= LEADERLESS => {
                self.leaderless = Some(Instant::now());
                self.handle(Event::LeaderLost);
            }
            _ => {}
        }
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

    /// Keeps the addresses of the others for the next start, servers first.
    async fn remember(&mut self, members: &[Member]) {
        let own = self.gossip.own().node_id;
        let alive = members
            .iter()
            .filter(|member| member.status == MemberStatus::Alive);
        let mut others: Vec<&Member> = alive.filter(|m| m.says.node_id != own).collect();
        others.sort_by_key(|member| member.says.server().is_none());
        let now: BTreeSet<SocketAddr> = others
            .iter()
            .take(REMEMBERED_MAX)
            .map(|member| member.says.gossip_addr)
            .collect();
        if now.is_empty() || now == self.remembered {
            return;
        }
        let list: Vec<SocketAddr> = now.iter().copied().collect();
        match self.dir.work(move |dir| dir.store_peers(&list)).await {
            Ok(()) => self.remembered = now,
            Err(error) => {
                warn!(target: "agent", error = %super::lookup::chain(&error),
                    "addresses of the others not remembered");
            }
        }
    }

    fn report_start(&self) {
        report::start(&self.sources);
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
