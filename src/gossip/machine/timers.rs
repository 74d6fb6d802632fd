//! What is due when. Plain data: the driver sleeps, the machine looks here.

use std::collections::BTreeMap;

use foca::Timer;
use tokio::time::Instant;

use crate::gossip::identity::Identity;

/// Something that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// A timer of the failure detector.
    Timer(Timer<Identity>),
    /// A look at somebody who is doubted.
    Doubt(Identity),
}

/// Everything that is due, in the order of time, and of setting within one instant.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeMap<(Instant, u64), Due>,
    set: u64,
}

impl Timers {
    /// Sets a timer.
    pub(super) fn set(&mut self, at: Instant, due: Due) {
        self.set = self.set.wrapping_add(1);
        self.queue.insert((at, self.set), due);
    }

    /// When the first one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the first one if it is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Instant, Due)> {
        let first = self.queue.first_entry()?;
        let (at, _) = *first.key();
        (at <= now).then(|| (at, first.remove()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn probe(token: u8) -> Due {
        Due::Timer(Timer::ProbeRandomMember(token))
    }

    #[test]
    fn timers_come_in_the_order_of_time_and_never_early() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::default();
        for (ms, token) in [(30, 3), (10, 1), (20, 2)] {
            timers.set(at(ms), probe(token));
        }
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.pop(at(9)), None);
        assert_eq!(timers.pop(at(20)), Some((at(10), probe(1))));
        assert_eq!(timers.pop(at(20)), Some((at(20), probe(2))));
        assert_eq!(timers.pop(at(20)), None);
        assert_eq!(timers.pop(at(30)), Some((at(30), probe(3))));
    }

    #[test]
    fn two_timers_of_one_instant_come_in_the_order_of_setting() {
        let now = Instant::now();
        let mut timers = Timers::default();
        for token in 0..20 {
            timers.set(now, probe(token));
        }
        for token in 0..20 {
            assert_eq!(timers.pop(now), Some((now, probe(token))));
        }
    }
}
