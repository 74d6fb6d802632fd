//! Gossip without sockets: datagrams, pictures, orders and the time go in; datagrams, errands and
//! changes come out.
//!
//! One call is one whole step: a picture that comes in is merged to its last line before anybody
//! can look at the list (design, section 5, rule 0). The machine owns no task and no clock, so a
//! test runs many of them on a wire of its own.

mod doubt;
mod early;
mod exchange;
mod keys;
mod leave;
mod news;
mod pace;
mod refusal;
mod settle;
mod timers;
mod torn;
mod upkeep;
mod ward;

#[cfg(test)]
mod tests;

pub(crate) use doubt::Answered;
pub(crate) use exchange::Partner;
pub(crate) use leave::Notice;

use std::net::SocketAddr;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

use self::doubt::Doubts;
use self::early::Early;
use self::pace::Pace;
use self::timers::Timers;
use self::torn::Torn;
use self::upkeep::Upkeep;
use self::ward::Ward;
use super::config::Tuning;
use super::conflict_log::{ConflictLog, SeenConflict};
use super::counters::Counters;
use super::error::GossipError;
use super::identity::Identity;
use super::keys::{KeyUses, Opened};
use super::swim::{self, SharedTable, Swim, Wishes};
use super::table::Table;
use super::wire::{Door, News, RECORD_BYTES_MAX, is_of_cluster, record_bytes};
use crate::types::{Announcement, ClusterId, Member, MemberStatus, NodeId};

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
    /// Exchange lists with this member, and with nobody else who may be there.
    Meet(SocketAddr, NodeId),
    /// Ask a suspect whether it is there.
    Confirm(Identity),
    /// Ask a member whether it is still where it was in this agent's last life.
    Recall(SocketAddr, NodeId),
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
    key_uses: KeyUses,
    tuning: Tuning,
    rng: StdRng,
    timers: Timers,
    pace: Pace,
    upkeep: Upkeep,
    doubts: Doubts,
    ward: Ward,
    phase: Phase,
    conflicts: ConflictLog,
    torn: Torn,
    early: Early,
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
        let table = SharedTable::new(Table::new(announcement.clone(), now, tuning.failed_kept));
        let swim = swim::new(
            identity,
            &tuning,
            StdRng::seed_from_u64(rng.next_u64()),
            &table,
        );
        let counters = Counters {
            encrypted: door.keys().is_some(),
            ..Counters::default()
        };
        Ok(Self {
            own: announcement,
            swim,
            table,
            door,
            key_uses: KeyUses::default(),
            tuning,
            timers: Timers::default(),
            pace: Pace::new(now),
            upkeep: Upkeep::new(now, &tuning, &mut rng),
            doubts: Doubts::default(),
            ward: Ward::default(),
            rng,
            phase: Phase::Here,
            conflicts: ConflictLog::default(),
            torn: Torn::default(),
            early: Early::default(),
            counters,
            wishes: Wishes::default(),
            effects: Effects::default(),
        })
    }

    /// Takes a datagram. Whatever is in it, the step ends.
    pub(crate) fn receive(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.counters.datagrams_received = self.counters.datagrams_received.saturating_add(1);
        if self.phase == Phase::Gone || self.is_torn(now) {
            return;
        }
        self.begin(now);
        let cluster = self.table.lock().cluster();
        match self.door.open(cluster, datagram) {
            Ok(Opened { text: payload, by }) => {
                if let Some(key) = by {
                    self.note_key_use(now, from, key);
                }
                if self.is_waiting() && is_of_cluster(datagram) {
                    self.postpone_news(&payload);
                } else {
                    self.hear(from, &payload);
                }
            }
            Err(turned) => self.turn_away(now, from, turned),
        }
        self.settle(now);
    }

    fn hear(&mut self, from: SocketAddr, payload: &[u8]) {
        self.hear_ward(payload);
        self.hear_news(payload);
        if let Err(error) = self.swim.handle_data(payload, &mut self.wishes) {
            self.count_unread(from, &error);
        }
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self, now: Instant) {
        self.begin(now);
        while let Some((at, due)) = self.timers.pop(now) {
            let late = now.saturating_duration_since(at);
            self.upkeep.note_lateness(late);
            self.run_due(now, late, due);
        }
        self.ping_again(now);
        self.do_upkeep(now);
        self.settle(now);
    }

    /// When `wake` is to be called next.
    pub(crate) fn next_wake(&self) -> Instant {
        let fixed = self.upkeep.next();
        let timer = self.timers.next().unwrap_or(fixed);
        let round = self.pace.next().unwrap_or(fixed);
        let ward = self.ward.next().unwrap_or(fixed);
        fixed.min(timer).min(round).min(ward)
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
        let foreign = {
            let mut table = self.table.lock();
            table.set_own(new.clone());
            table.shed_foreign()
        };
        for node_id in foreign {
            self.pass_on(node_id);
        }
        let renewal = self.swim.identity().life.renewal;
        self.spread(&News::Says { says: new, renewal });
        self.settle(now);
        Ok(())
    }

    /// What this agent says of itself.
    pub(crate) const fn own(&self) -> &Announcement {
        &self.own
    }

    /// The keys and the cluster that frames are read and written with.
    pub(crate) fn door(&self) -> (Door, Option<ClusterId>) {
        (self.door.clone(), self.own.cluster)
    }

    /// Takes what the steps so far ask of the driver.
    pub(crate) fn take_effects(&mut self) -> Effects {
        std::mem::take(&mut self.effects)
    }

    /// Counters and gauges.
    pub(crate) fn counters(&self) -> Counters {
        let table = self.table.lock();
        Counters {
            members: table.count(|_| true),
            failed: table.count(|status| status == MemberStatus::Failed),
            left: table.count(|status| status == MemberStatus::Left),
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
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("identity", self.swim.identity())
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

fn check_size(says: &Announcement) -> Result<(), GossipError> {
    let (bytes, max) = (record_bytes(says), RECORD_BYTES_MAX);
    if bytes > max {
        return Err(GossipError::Large { bytes, max });
    }
    Ok(())
}
