//! The last conflicts, for the report: each once, with its count, and shown no more often than a
//! reader can use.

use std::time::Duration;

use tokio::time::Instant;

use super::conflict::Conflict;

/// How many different conflicts are remembered; the one seen longest ago makes room.
const REMEMBERED_MAX: usize = 16;

/// How often a conflict that goes on is shown again; the reason must be fresh within 10 s on every
/// agent (design, section 6).
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);

/// A conflict and how often it came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenConflict {
    /// The conflict.
    pub conflict: Conflict,
    /// When it came up last.
    pub last_seen: Instant,
    /// How often it came up.
    pub count: u64,
}

/// The last conflicts, one entry per disagreement.
#[derive(Debug, Default)]
pub(crate) struct ConflictLog {
    seen: Vec<SeenConflict>,
    has_new: bool,
    published: Option<Instant>,
}

impl ConflictLog {
    /// Remembers a conflict; says whether it is a new one.
    pub(crate) fn note(&mut self, conflict: Conflict, now: Instant) -> bool {
        if let Some(known) = self.seen.iter_mut().find(|s| s.conflict.is_same(&conflict)) {
            known.conflict = conflict;
            known.last_seen = now;
            known.count = known.count.saturating_add(1);
            return false;
        }
        if self.seen.len() >= REMEMBERED_MAX {
            self.seen.sort_by_key(|s| std::cmp::Reverse(s.last_seen));
            self.seen.truncate(REMEMBERED_MAX.saturating_sub(1));
        }
        self.seen.push(SeenConflict {
            conflict,
            last_seen: now,
            count: 1,
        });
        self.has_new = true;
        true
    }

    /// The list, if it is time to show it: at once for a new conflict, now and then for one that
    /// goes on, so that a flood of refused datagrams does not become a flood of lists.
    pub(crate) fn publish(&mut self, now: Instant) -> Option<Vec<SeenConflict>> {
        let is_soon = self
            .published
            .is_some_and(|at| now.saturating_duration_since(at) < PUBLISH_INTERVAL);
        if is_soon && !self.has_new {
            return None;
        }
        self.has_new = false;
        self.published = Some(now);
        Some(self.list())
    }

    /// The conflicts, the one seen last first.
    fn list(&self) -> Vec<SeenConflict> {
        let mut list = self.seen.clone();
        list.sort_by_key(|s| std::cmp::Reverse(s.last_seen));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gossip::conflict::ConflictKind;
    use crate::gossip::conflict::tests::conflict;

    #[test]
    fn a_repeated_conflict_is_counted_and_not_listed_twice() {
        let mut log = ConflictLog::default();
        let now = Instant::now();
        assert!(log.note(conflict(ConflictKind::NodeId, true), now));
        assert!(!log.note(conflict(ConflictKind::NodeId, true), now));
        assert!(log.note(conflict(ConflictKind::NodeName, true), now));
        let counts: Vec<u64> = log.list().iter().map(|s| s.count).collect();
        assert_eq!(counts, [2, 1]);
    }

    #[test]
    fn a_conflict_is_shown_at_once_and_then_once_a_second() {
        let mut log = ConflictLog::default();
        let start = Instant::now();
        let mut shown = Vec::new();
        for ms in (0..2_500).step_by(100) {
            let now = start + Duration::from_millis(ms);
            log.note(conflict(ConflictKind::NodeName, true), now);
            if log.publish(now).is_some() {
                shown.push(ms);
            }
        }
        assert_eq!(shown, [0, 1_000, 2_000]);
        log.note(conflict(ConflictKind::NodeId, true), start);
        assert!(log.publish(start + Duration::from_millis(2_001)).is_some());
    }

    #[test]
    fn the_conflict_seen_longest_ago_makes_room() {
        let mut log = ConflictLog::default();
        let start = Instant::now();
        for port in 1..=40_u16 {
            let mut next = conflict(ConflictKind::NodeName, true);
            next.theirs.addr.set_port(port);
            log.note(next, start + Duration::from_secs(u64::from(port)));
        }
        let ports: Vec<u16> = log
            .list()
            .iter()
            .map(|s| s.conflict.theirs.addr.port())
            .collect();
        assert_eq!(ports, (25..=40).rev().collect::<Vec<u16>>());
    }
}
