//! What is done by the clock: probes, push/pull with a random member, looking
//! for failed members, forgetting, and growing with the pool.

use std::net::SocketAddr;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use tokio::time::Instant;
use tracing::debug;

use super::timers::Due;
use super::ward::Ward;
use super::{Errand, Machine, Phase};
use crate::gossip::config::Tuning;
use crate::gossip::swim;
use crate::types::NodeId;

/// How often the slow things are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Ticks between two looks at a pool that has been torn for long. A member that failed less than
/// `TORN_FRESH` ago is looked for at every tick: a cut that ends must heal within 10 s (gossip
/// study, 5).
const TICKS_WHEN_STALE: u64 = 10;

/// How long a failed member is looked for at every tick.
const TORN_FRESH: Duration = Duration::from_mins(5);

/// Pools up to this size exchange lists at the configured interval; each doubling adds another
/// (memberlist's `pushPullScaleThreshold`).
const PUSH_PULL_SCALE: usize = 32;

/// A timer that comes later than this says that the machine is busy: half of the probe timeout.
pub(super) const LATE: Duration = Duration::from_millis(250);

/// The worst health score (Lifeguard's and memberlist's `AwarenessMaxMultiplier`).
const HEALTH_WORST: u8 = 8;

/// How often something that happens again and again may be a line in the log (demand study, P8).
const GRUMBLE_INTERVAL: Duration = Duration::from_secs(10);

/// How long a stranger whose list was asked for is not asked again.
const STRANGER_PAUSE: Duration = Duration::from_secs(5);

/// How many strangers are remembered for that.
const STRANGERS_MAX: usize = 16;

/// The clockwork of the slow things.
#[derive(Debug)]
pub(super) struct Upkeep {
    next_tick: Instant,
    ticks: u64,
    next_push_pull: Instant,
    configured_for: usize,
    health_score: u8,
    was_late: bool,
    grumbled: Option<Instant>,
    stranger: Option<SocketAddr>,
    foreigner: Option<SocketAddr>,
    namesake: Option<(SocketAddr, NodeId)>,
    asked: Vec<(SocketAddr, Instant)>,
}

impl Upkeep {
    /// The clockwork of a new agent. The first push/pull comes anywhere within the interval, so
    /// that agents started together do not stay in step.
    pub(super) fn new(now: Instant, tuning: &Tuning, rng: &mut StdRng) -> Self {
        Self {
            next_tick: now + TICK,
            ticks: 0,
            next_push_pull: now + tuning.push_pull.mul_f64(rng.random_range(0.5..1.0)),
            configured_for: 1,
            health_score: 0,
            was_late: false,
            grumbled: None,
            stranger: None,
            foreigner: None,
            namesake: None,
            asked: Vec::new(),
        }
    }

    /// When the clockwork moves next.
    pub(super) const fn next(&self) -> Instant {
        self.next_tick
    }

    /// How busy this machine is.
    pub(super) const fn health_score(&self) -> u8 {
        self.health_score
    }

    /// The size of the pool that the failure detector is configured for.
    #[cfg(test)]
    pub(super) const fn configured_for(&self) -> usize {
        self.configured_for
    }

    /// Takes note of how late a timer came.
    pub(super) fn note_lateness(&mut self, late: Duration) {
        if late > LATE {
            self.was_late = true;
        }
    }

    /// Remembers somebody who speaks without having been admitted; his list is asked for at the
    /// next tick.
    pub(super) const fn note_stranger(&mut self, addr: SocketAddr) {
        self.stranger = Some(addr);
    }

    /// Remembers where somebody is with whom this agent is in conflict: asked at the next tick,
    /// both sides learn whom they met.
    pub(super) const fn note_foreigner(&mut self, addr: SocketAddr) {
        self.foreigner = Some(addr);
    }

    /// Remembers who has this agent's name: he hears of the conflict from this agent itself.
    pub(super) const fn note_namesake(&mut self, addr: SocketAddr, node_id: NodeId) {
        self.namesake = Some((addr, node_id));
    }

    /// Says whether something that happens again and again may be a line in the log.
    pub(super) fn may_grumble(&mut self, now: Instant) -> bool {
        let is_soon = self
            .grumbled
            .is_some_and(|at| now.saturating_duration_since(at) < GRUMBLE_INTERVAL);
        if !is_soon {
            self.grumbled = Some(now);
        }
        !is_soon
    }

    fn age_health(&mut self) {
        self.health_score = if std::mem::take(&mut self.was_late) {
            self.health_score.saturating_add(1).min(HEALTH_WORST)
        } else {
            self.health_score.saturating_sub(1)
        };
    }

    /// Whom to ask for his list: a stranger, a foreigner and a namesake, unless they were asked a
    /// moment ago.
    fn take_unknown(&mut self, now: Instant) -> Vec<Errand> {
        self.asked
            .retain(|(_, at)| now.saturating_duration_since(*at) < STRANGER_PAUSE);
        let mut chosen = Vec::new();
        let unknown = [self.stranger.take(), self.foreigner.take()];
        let unknown = unknown.into_iter().flatten();
        let unknown = unknown.map(|addr| (addr, Errand::Exchange(addr)));
        let namesake = self.namesake.take().into_iter();
        let namesake = namesake.map(|(addr, node_id)| (addr, Errand::Meet(addr, node_id)));
        for (addr, errand) in unknown.chain(namesake) {
            let is_known = self.asked.iter().any(|(asked, _)| *asked == addr);
            if !is_known && self.asked.len() < STRANGERS_MAX {
                self.asked.push((addr, now));
                chosen.push(errand);
            }
        }
        chosen
    }
}

impl Machine {
    /// Carries out what is due.
    pub(super) fn run_due(&mut self, now: Instant, late: Duration, due: Due) {
        let timer = match due {
            Due::Doubt(suspect) => return self.pursue(now, late, &suspect),
            Due::Timer(timer) => timer,
        };
        if self.phase == Phase::Gone {
            return;
        }
        if let Err(error) = self.swim.handle_timer(timer, &mut self.wishes) {
            debug!(%error, "failure detector refused a timer");
        }
    }

    /// Does what the clock asks for.
    pub(super) fn do_upkeep(&mut self, now: Instant) {
        if now < self.upkeep.next_tick {
            return;
        }
        self.upkeep.next_tick = now + TICK;
        self.upkeep.ticks = self.upkeep.ticks.wrapping_add(1);
        self.upkeep.age_health();
        self.table.lock().reap();
        self.counters.is_torn = self.is_torn(now);
        if self.phase != Phase::Here || self.counters.is_torn {
            self.ward = Ward::default();
            return;
        }
        self.look_after_ward(now);
        self.look_for_failed(now);
        let unknown = self.upkeep.take_unknown(now);
        self.effects.errands.extend(unknown);
        if now >= self.upkeep.next_push_pull {
            self.upkeep.next_push_pull = now + self.push_pull_interval();
            let partner = self.random_alive();
            self.effects.errands.extend(partner.map(Errand::Exchange));
        }
    }

    /// A random member that is alive.
    pub(super) fn random_alive(&mut self) -> Option<SocketAddr> {
        let table = self.table.lock();
        let others = table.alive_others().map(|entry| entry.says.gossip_addr);
        others.choose(&mut self.rng)
    }

    /// Adapts to the size of the pool when it changed by a fifth (gossip study, 4).
    pub(super) fn grow(&mut self) {
        let members = self.swim.num_members().saturating_add(1);
        let configured = self.upkeep.configured_for;
        if members.abs_diff(configured).saturating_mul(5) < configured {
            return;
        }
        self.upkeep.configured_for = members;
        let config = swim::config(&self.tuning, members);
        if let Err(error) = self.swim.set_config(config) {
            debug!(%error, "failure detector refused its configuration");
        }
    }

    /// Speaks to a failed member, in case it is back, or was never gone. It answers that it was
    /// declared failed, both sides learn of it, and return.
    fn look_for_failed(&mut self, now: Instant) {
        let is_slow_turn = self.upkeep.ticks.is_multiple_of(TICKS_WHEN_STALE);
        let chosen = {
            let table = self.table.lock();
            let failed = table
                .failed()
                .filter(|entry| is_slow_turn || entry.down_for(now) < TORN_FRESH)
                .map(crate::gossip::table::Entry::identity);
            failed.choose(&mut self.rng)
        };
        let Some(identity) = chosen else {
            return;
        };
        if let Err(error) = self.swim.announce(identity, &mut self.wishes) {
            debug!(%error, "failure detector refused to look for a member");
        }
    }

    fn push_pull_interval(&mut self) -> Duration {
        let members = self.swim.num_members().saturating_add(1);
        let doublings = members
            .div_ceil(PUSH_PULL_SCALE)
            .next_power_of_two()
            .ilog2();
        let interval = self
            .tuning
            .push_pull
            .saturating_mul(doublings.saturating_add(1));
        interval.mul_f64(self.rng.random_range(0.9..1.1))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn upkeep(now: Instant) -> Upkeep {
        Upkeep::new(now, &Tuning::default(), &mut StdRng::seed_from_u64(1))
    }

    fn stranger(n: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], n))
    }

    #[test]
    fn a_stranger_is_asked_once_in_a_while() {
        let start = Instant::now();
        let mut upkeep = upkeep(start);
        let asked: Vec<u64> = (0..12)
            .filter(|s| {
                upkeep.note_stranger(stranger(1));
                let now = start + Duration::from_secs(*s);
                !upkeep.take_unknown(now).is_empty()
            })
            .collect();
        assert_eq!(asked, [0, 5, 10]);
    }

    #[test]
    fn a_crowd_of_strangers_is_not_asked_by_everybody_at_once() {
        let start = Instant::now();
        let mut upkeep = upkeep(start);
        let asked = (0..1_000)
            .filter(|n| {
                upkeep.note_stranger(stranger(*n));
                !upkeep.take_unknown(start).is_empty()
            })
            .count();
        assert_eq!(asked, STRANGERS_MAX);
    }

    #[test]
    fn health_gets_worse_while_timers_are_late_and_recovers() {
        let mut upkeep = upkeep(Instant::now());
        for _ in 0..10 {
            upkeep.note_lateness(LATE * 2);
            upkeep.age_health();
        }
        assert_eq!(upkeep.health_score(), HEALTH_WORST);
        for _ in 0..10 {
            upkeep.note_lateness(LATE / 2);
            upkeep.age_health();
        }
        assert_eq!(upkeep.health_score(), 0);
    }
}
