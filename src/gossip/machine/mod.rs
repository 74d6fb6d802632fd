//! Gossip without sockets: datagrams, pictures, orders and the time go in; datagrams, errands and
//! changes come out.
//!
//! One call is one whole step: a picture that comes in is merged to its last line before anybody
//! can look at the list (design, section 5, rule 0). The machine owns no task and no clock, so a
//! test runs many of them on a wire of its own.

mod exchange;
mod leave;
mod pace;
mod timers;
mod upkeep;

#[cfg(test)]
mod tests;

pub(crate) use exchange::Partner;
pub(crate) use leave::Notice;

use std::net::SocketAddr;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;
use tracing::{debug, warn};

use self::pace::Pace;
use self::timers::{Due, Timers};
use self::upkeep::Upkeep;
use super::config::Tuning;
use super::conflict::{Conflict, ConflictKind, ConflictLog, Party, SeenConflict};
use super::counters::Counters;
use super::error::GossipError;
use super::identity::Identity;
use super::swim::{self, CodecError, SharedTable, Swim, Wishes};
use super::table::{Chores, Table};
use super::wire::{Door, News, RECORD_BYTES_MAX, Turned, encode_news, record_bytes};
use crate::types::{Announcement, ClusterId, Member, MemberStatus};

/// Where this agent stands towards the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It is in it, or alone.
    Here,
    /// It said that it leaves.
    Leaving,
    /// It left: it hears and says nothing more.
    Gone,
}

/// Something that needs a stream, for the driver to carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Exchange lists with whoever is there.
    Exchange(SocketAddr),
    /// Ask a suspect once more before it is declared failed.
    Confirm(Identity),
}

/// What a step asks of the driver.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Datagrams to send.
    pub(crate) datagrams: Vec<(SocketAddr, Vec<u8>)>,
    /// Streams to open.
    pub(crate) errands: Vec<Errand>,
    /// The list, if it changed.
    pub(crate) members: Option<Arc<[Member]>>,
    /// The conflicts, if one came up.
    pub(crate) conflicts: Option<Arc<[SeenConflict]>>,
}

/// Gossip of one agent.
pub(crate) struct Machine {
    own: Announcement,
    swim: Swim,
    table: SharedTable,
    door: Door,
    tuning: Tuning,
    rng: StdRng,
    timers: Timers,
    pace: Pace,
    upkeep: Upkeep,
    phase: Phase,
    conflicts: ConflictLog,
    counters: Counters,
    wishes: Wishes,
    effects: Effects,
}

impl Machine {
    /// Makes the machine of an agent that knows nobody.
    ///
    /// # Errors
    /// The announcement does not fit a datagram.
    pub(crate) fn new(
        announcement: Announcement,
        door: Door,
        tuning: Tuning,
        (mut rng, now): (StdRng, Instant),
    ) -> Result<Self, GossipError> {
        check_size(&announcement)?;
        let identity = Identity::of(&announcement, 0);
        let table = SharedTable::new(Table::new(announcement.clone(), now));
        let swim = swim::new(
            identity,
            &tuning,
            StdRng::seed_from_u64(rng.next_u64()),
            &table,
        );
        let counters = Counters {
            encrypted: door.key().is_some(),
            ..Counters::default()
        };
        Ok(Self {
            own: announcement,
            swim,
            table,
            door,
            tuning,
            timers: Timers::default(),
            pace: Pace::new(now),
            upkeep: Upkeep::new(now, &tuning, &mut rng),
            rng,
            phase: Phase::Here,
            conflicts: ConflictLog::default(),
            counters,
            wishes: Wishes::default(),
            effects: Effects::default(),
        })
    }

    /// Takes a datagram. Whatever is in it, the step ends.
    pub(crate) fn receive(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.counters.datagrams_received = self.counters.datagrams_received.saturating_add(1);
        if self.phase == Phase::Gone {
            return;
        }
        self.begin(now);
        let cluster = self.table.lock().cluster();
        match self.door.open(cluster, datagram) {
            Ok(payload) => {
                if let Err(error) = self.swim.handle_data(&payload, &mut self.wishes) {
                    self.count_unread(from, &error);
                }
            }
            Err(turned) => self.turn_away(now, from, turned),
        }
        self.settle(now);
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self, now: Instant) {
        self.begin(now);
        while let Some((at, due)) = self.timers.pop(now) {
            self.upkeep.note_lateness(now.saturating_duration_since(at));
            self.run_due(now, due);
        }
        self.do_upkeep(now);
        self.settle(now);
    }

    /// When `wake` is to be called next.
    pub(crate) fn next_wake(&self) -> Instant {
        let fixed = self.upkeep.next();
        let timer = self.timers.next().unwrap_or(fixed);
        let round = self.pace.next().unwrap_or(fixed);
        fixed.min(timer).min(round)
    }

    /// Changes what this agent says of itself, and spreads it at once. Who it is, which life it
    /// is in and where it listens stay as they are.
    ///
    /// # Errors
    /// The new word does not fit a datagram; the old one stands.
    pub(crate) fn announce(
        &mut self,
        now: Instant,
        change: impl FnOnce(&mut Announcement),
    ) -> Result<(), GossipError> {
        self.begin(now);
        let old = &self.own;
        let mut new = old.clone();
        change(&mut new);
        new.node_id = old.node_id;
        new.generation = old.generation;
        new.gossip_addr = old.gossip_addr;
        new.version = old.version;
        if new == *old {
            return Ok(());
        }
        new.version = old.version.saturating_add(1);
        check_size(&new)?;
        self.own = new.clone();
        self.table.lock().set_own(new.clone());
        let renewal = self.swim.identity().life.renewal;
        self.spread(&News::Says { says: new, renewal });
        self.settle(now);
        Ok(())
    }

    /// What this agent says of itself.
    pub(crate) const fn own(&self) -> &Announcement {
        &self.own
    }

    /// The key and the cluster that frames are written with.
    pub(crate) fn door(&self) -> (Door, Option<ClusterId>) {
        (self.door.clone(), self.own.cluster)
    }

    /// Takes what the steps so far ask of the driver.
    pub(crate) fn take_effects(&mut self) -> Effects {
        std::mem::take(&mut self.effects)
    }

    /// Counters and gauges.
    pub(crate) fn counters(&self) -> Counters {
        let members = self.table.lock().members();
        let count = |status| members.iter().filter(|m| m.status == status).count();
        Counters {
            members: members.len(),
            failed: count(MemberStatus::Failed),
            left: count(MemberStatus::Left),
            health_score: self.upkeep.health_score(),
            queued: self.backlog(),
            ..self.counters
        }
    }

    /// The times that it was started with.
    pub(crate) const fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// Counters to count what happens outside of the machine.
    pub(crate) const fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    fn begin(&self, now: Instant) {
        self.table.lock().set_now(now);
    }

    /// Carries a step to its end: feeds the failure detector what the table admitted, the table
    /// what the failure detector found, and turns wishes into effects.
    fn settle(&mut self, now: Instant) {
        loop {
            let chores = self.table.lock().take_chores();
            let Chores {
                feed,
                conflicts,
                stranger,
                refute,
            } = chores;
            for conflict in conflicts {
                self.note_conflict(now, conflict);
            }
            if let Some(stranger) = stranger {
                self.upkeep.note_stranger(stranger);
            }
            if refute {
                self.renew();
            }
            if feed.is_empty() && self.wishes.rejoined.is_none() && !refute {
                break;
            }
            self.feed(feed);
        }
        if std::mem::take(&mut self.wishes.changed) {
            self.observe();
        }
        let changed = self.table.lock().take_changed();
        if changed {
            self.pace.hurry();
            let members = self.table.lock().members();
            self.effects.members = Some(Arc::from(members));
        }
        self.gossip_if_due(now);
        self.collect(now);
    }

    /// Has the failure detector hear this; also makes it resume after it renewed itself.
    fn feed(&mut self, feed: Vec<foca::Member<Identity>>) {
        if let Some(identity) = self.wishes.rejoined.take() {
            let mut table = self.table.lock();
            table.observe_own(identity.life.renewal, foca::State::Alive);
        }
        let fed = self
            .swim
            .apply_many(feed.into_iter(), true, &mut self.wishes);
        if let Err(error) = fed {
            debug!(%error, "failure detector refused an update");
        }
    }

    /// Brings the table up to what the failure detector thinks.
    fn observe(&self) {
        let mut table = self.table.lock();
        for member in self.swim.iter_membership_state() {
            table.observe(member.id(), member.incarnation(), member.state());
        }
    }

    /// Turns what the failure detector wants into datagrams and timers.
    fn collect(&mut self, now: Instant) {
        for (after, timer) in self.wishes.timers.drain(..) {
            self.timers.set(now + after, Due::Timer(timer));
        }
        if self.wishes.payloads.is_empty() {
            return;
        }
        let cluster = self.own.cluster;
        for (to, payload) in std::mem::take(&mut self.wishes.payloads) {
            match self.door.wrap(cluster, &payload) {
                Some(datagram) => self.effects.datagrams.push((to, datagram)),
                None => {
                    self.counters.datagrams_unsent =
                        self.counters.datagrams_unsent.saturating_add(1);
                }
            }
        }
    }

    /// Puts this agent's own news into the queue.
    fn spread(&mut self, news: &News) {
        let Some(bytes) = encode_news(news) else {
            return;
        };
        if let Err(error) = self.swim.add_broadcast(&bytes) {
            debug!(%error, "failure detector refused news");
        }
        self.pace.hurry();
    }

    /// Returns under a new identity: somebody wants this agent gone, and it is not.
    fn renew(&mut self) {
        use foca::Identity as _;
        let Some(identity) = self.swim.identity().renew() else {
            return;
        };
        self.wishes.rejoined = Some(identity);
        if let Err(error) = self.swim.change_identity(identity, &mut self.wishes) {
            debug!(%error, "failure detector refused a renewal");
        }
    }

    fn count_unread(&mut self, from: SocketAddr, error: &foca::Error) {
        let counter = if is_of_stranger(error) {
            &mut self.counters.turned_stranger
        } else {
            &mut self.counters.turned_malformed
        };
        *counter = counter.saturating_add(1);
        debug!(addr = %from, %error, "datagram not read");
    }

    fn turn_away(&mut self, now: Instant, from: SocketAddr, turned: Turned) {
        self.counters.count_turned(turned);
        if turned == Turned::OtherCluster {
            let conflict = self.cluster_conflict(from);
            self.note_conflict(now, conflict);
        } else if turned != Turned::Foreign && self.upkeep.may_grumble(now) {
            let reason = match turned {
                Turned::Plain => "it is plain and this pool is sealed",
                Turned::Sealed => "it is sealed and this agent has no key",
                Turned::Unopened | Turned::Foreign | Turned::OtherCluster => {
                    "it is sealed with another key"
                }
            };
            warn!(addr = %from, key = ?self.door.key(), reason, "datagram turned away");
        }
    }

    fn cluster_conflict(&self, from: SocketAddr) -> Conflict {
        let kind = if self.own.cluster.is_some() {
            ConflictKind::Cluster
        } else {
            ConflictKind::AmbiguousCluster
        };
        let ours = Party {
            cluster: self.table.lock().cluster(),
            ..Party::from(&self.own)
        };
        Conflict {
            kind,
            ours,
            theirs: Party::unknown(from),
            own: true,
        }
    }

    fn note_conflict(&mut self, now: Instant, conflict: Conflict) {
        let code = conflict.kind.code();
        let text = conflict.to_string();
        if self.conflicts.note(conflict, now) {
            warn!(code, conflict = text, "member refused");
        }
        if let Some(list) = self.conflicts.publish(now) {
            self.effects.conflicts = Some(Arc::from(list));
        }
    }
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("identity", self.swim.identity())
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

fn is_of_stranger(error: &foca::Error) -> bool {
    match error {
        foca::Error::Decode(inner) => {
            matches!(inner.downcast_ref(), Some(CodecError::Stranger))
        }
        _ => false,
    }
}

fn check_size(says: &Announcement) -> Result<(), GossipError> {
    let (bytes, max) = (record_bytes(says), RECORD_BYTES_MAX);
    if bytes > max {
        return Err(GossipError::Large { bytes, max });
    }
    Ok(())
}
