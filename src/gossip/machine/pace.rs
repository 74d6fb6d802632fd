//! When to gossip: at once when there is news, then quickly, then slowly, and never when there is
//! nothing left to say.

use std::time::Duration;

use tokio::time::Instant;

use super::Machine;

/// The shortest time between two rounds. News that comes in between waits for the next one, so
/// that a crowd of joiners is one burst and not a storm.
const SHORT: Duration = Duration::from_millis(20);

/// The time between rounds once the news is old (memberlist's `GossipInterval`).
const LONG: Duration = Duration::from_millis(200);

/// How many rounds follow each other quickly. Each goes to three members, and those pass it on
/// at once too, so four reach everybody in a small pool whatever the dice say.
const QUICK_ROUNDS: u8 = 4;

/// Decides when the next round is.
#[derive(Debug)]
pub(super) struct Pace {
    last: Instant,
    quick_left: u8,
    next: Option<Instant>,
}

impl Pace {
    /// No round was yet.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            last: now.checked_sub(SHORT).unwrap_or(now),
            quick_left: 0,
            next: None,
        }
    }

    /// There is news.
    pub(super) const fn hurry(&mut self) {
        self.quick_left = QUICK_ROUNDS;
    }

    /// When the next round is due.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Says whether a round is due, given that there is something to say.
    fn take_round(&mut self, now: Instant) -> bool {
        if now < self.due() {
            self.next = Some(self.due());
            return false;
        }
        self.last = now;
        self.quick_left = self.quick_left.saturating_sub(1);
        true
    }

    /// Sets the next round, or none if there is nothing to say.
    fn plan(&mut self, has_news: bool) {
        self.next = has_news.then(|| self.due());
    }

    fn due(&self) -> Instant {
        let pause = if self.quick_left > 0 { SHORT } else { LONG };
        self.last + pause
    }
}

impl Machine {
    /// How much waits for its last transmissions.
    pub(super) fn backlog(&self) -> usize {
        self.swim
            .updates_backlog()
            .saturating_add(self.swim.custom_broadcast_backlog())
    }

    /// Does a round of gossip if one is due, and plans the next.
    pub(super) fn gossip_if_due(&mut self, now: Instant) {
        if self.backlog() == 0 || self.swim.num_members() == 0 {
            self.pace.plan(false);
            return;
        }
        if self.pace.take_round(now) {
            self.gossip();
        }
        self.pace.plan(self.backlog() > 0);
    }

    /// Does a round of gossip.
    pub(super) fn gossip(&mut self) {
        if let Err(error) = self.swim.gossip(&mut self.wishes) {
            tracing::debug!(%error, "round of gossip failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_goes_out_at_once_then_quickly_then_slowly() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.hurry();
        let rounds: Vec<u64> = (0..700)
            .filter(|ms| {
                let due = pace.take_round(start + Duration::from_millis(*ms));
                pace.plan(true);
                due
            })
            .collect();
        assert_eq!(rounds, [0, 20, 40, 60, 260, 460, 660]);
    }

    #[test]
    fn nothing_is_planned_when_there_is_nothing_to_say() {
        let mut pace = Pace::new(Instant::now());
        pace.hurry();
        pace.plan(false);
        assert_eq!(pace.next(), None);
    }
}
