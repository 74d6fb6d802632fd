//! How a step ends: the failure detector hears what the table admitted, the table what the failure
//! detector found, and what both want done becomes effects.

use std::sync::Arc;

use foca::Timer;
use tokio::time::Instant;
use tracing::debug;

use super::timers::Due;
use super::{Errand, Machine};
use crate::gossip::identity::Identity;
use crate::gossip::table::Chores;
use crate::gossip::wire::{News, encode_news};

impl Machine {
    /// Begins a step: the table learns the time.
    pub(super) fn begin(&self, now: Instant) {
        self.table.lock().set_now(now);
    }

    /// Carries a step to its end: feeds the failure detector what the table admitted, the table
    /// what the failure detector found, and turns wishes into effects.
    pub(super) fn settle(&mut self, now: Instant) {
        loop {
            let chores = self.table.lock().take_chores();
            let Chores {
                feed,
                conflicts,
                stranger,
                refute,
                granted,
                holder,
                questions,
            } = chores;
            for conflict in conflicts {
                self.note_conflict(now, conflict);
            }
            if let Some(stranger) = stranger.filter(|_| !self.is_waiting()) {
                self.upkeep.note_stranger(stranger.addr);
            }
            if let Some(holder) = holder {
                self.upkeep.note_foreigner(holder);
            }
            for (node_id, home) in questions {
                self.effects.errands.push(Errand::Recall(home, node_id));
            }
            for node_id in granted {
                self.pass_on(node_id);
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
            self.grow();
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
    pub(super) fn feed(&mut self, feed: Vec<foca::Member<Identity>>) {
        if let Some(identity) = self.wishes.rejoined.take() {
            self.doubts.clear();
            let mut table = self.table.lock();
            table.observe_own(identity.life.renewal, foca::State::Alive);
        }
        let done = self
            .swim
            .apply_many(feed.into_iter(), true, &mut self.wishes);
        if let Err(error) = done {
            debug!(%error, "failure detector refused an update");
        }
    }

    /// Brings the table up to what the failure detector thinks.
    pub(super) fn observe(&self) {
        let mut table = self.table.lock();
        for member in self.swim.iter_membership_state() {
            table.observe(member.id(), member.incarnation(), member.state());
        }
    }

    /// Turns what the failure detector wants into datagrams and timers.
    pub(super) fn collect(&mut self, now: Instant) {
        for (after, timer) in std::mem::take(&mut self.wishes.timers) {
            match timer {
                Timer::ChangeSuspectToDown {
                    member_id,
                    incarnation,
                    ..
                } => self.doubt(now, member_id, incarnation),
                timer => self.timers.set(now + after, Due::Timer(timer)),
            }
        }
        if self.wishes.payloads.is_empty() {
            return;
        }
        if self.is_torn(now) {
            self.wishes.payloads.clear();
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
    pub(super) fn spread(&mut self, news: &News) {
        let Some(bytes) = encode_news(news) else {
            return;
        };
        if let Err(error) = self.swim.add_broadcast(&bytes) {
            debug!(%error, "failure detector refused news");
        }
        self.pace.hurry();
    }

    /// Returns under a new identity: somebody wants this agent gone, and it is not.
    pub(super) fn renew(&mut self) {
        use foca::Identity as _;
        let Some(identity) = self.swim.identity().renew() else {
            return;
        };
        self.wishes.rejoined = Some(identity);
        if let Err(error) = self.swim.change_identity(identity, &mut self.wishes) {
            debug!(%error, "failure detector refused a renewal");
        }
    }
}
