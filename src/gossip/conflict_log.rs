//! The last conflicts, for the report: each once, with its count, and shown no more often than a
//! reader can use.

use std::time::Duration;

use tokio::time::Instant;

use super::conflict::{Conflict, RefusedBy};

/// How many different conflicts are remembered; the one seen longest ago makes room.
const REMEMBERED_MAX: usize = 16;

/// How often a conflict that goes on is shown again; the reason must be fresh within 10 s on every
/// agent (design, section 6).
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);

/// How often a conflict that goes on is a line in the log (demand study, P4).
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// A conflict and how often it came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenConflict {
    /// The conflict.
    pub conflict: Conflict,
    /// When it came up first by the word of whoever tells of it now: the other itself, or a third.
    pub first_seen: Instant,
    /// When it came up last.
    pub last_seen: Instant,
    /// How often it came up.
    pub count: u64,
}

/// The last conflicts, one entry per disagreement.
#[derive(Debug, Default)]
pub(crate) struct ConflictLog {
    seen: Vec<SeenConflict>,
    /// When which conflict was a line in the log.
    logged: Vec<(Conflict, Instant)>,
    has_new: bool,
    published: Option<Instant>,
}

impl ConflictLog {
    /// Remembers a conflict, one that names the other in place of one that does not. Gives it back
    /// if it is time for a line in the log: when it is new, and once a minute while it goes on.
    pub(crate) fn note(&mut self, conflict: Conflict, now: Instant) -> Option<SeenConflict> {
        let known = self.seen.iter().position(|s| s.conflict.is_same(&conflict));
        let mut seen = match known {
            Some(at) => self.seen.swap_remove(at),
            None => SeenConflict {
                conflict: conflict.clone(),
                first_seen: now,
                last_seen: now,
                count: 0,
            },
        };
        self.has_new |= known.is_none();
        if conflict.is_named() || !seen.conflict.is_named() {
            let told = seen.conflict.refused_by;
            seen.conflict = conflict;
            // A third one's word does not take back that the other answered for himself.
            if told == Some(RefusedBy::Other) {
                seen.conflict.refused_by = told;
            }
            if seen.conflict.refused_by != told {
                seen.first_seen = now;
                self.has_new = true;
            }
        }
        seen.last_seen = now;
        seen.count = seen.count.saturating_add(1);
        if self.seen.len() >= REMEMBERED_MAX {
            self.seen.sort_by_key(|s| std::cmp::Reverse(s.last_seen));
            self.seen.truncate(REMEMBERED_MAX.saturating_sub(1));
        }
        self.seen.push(seen.clone());
        self.may_log(&seen.conflict, now).then_some(seen)
    }

    /// Says whether the one at this conflict's other end is known by name.
    pub(crate) fn is_named(&self, conflict: &Conflict) -> bool {
        let mut same = self.seen.iter().filter(|s| s.conflict.is_same(conflict));
        same.any(|s| s.conflict.is_named())
    }

    /// A flood of different conflicts must not become a flood of lines either: while as many as
    /// are remembered were logged within the interval, no other is.
    fn may_log(&mut self, conflict: &Conflict, now: Instant) -> bool {
        self.logged
            .retain(|(_, at)| now.saturating_duration_since(*at) < LOG_INTERVAL);
        let was_logged = self.logged.iter().any(|(logged, _)| {
            logged.is_same(conflict) && logged.is_named() == conflict.is_named()
        });
        if was_logged || self.logged.len() >= REMEMBERED_MAX {
            return false;
        }
        self.logged.push((conflict.clone(), now));
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
    use crate::gossip::conflict::tests::conflict;
    use crate::gossip::conflict::{ConflictKind, Party};

    #[test]
    fn a_repeated_conflict_is_counted_and_not_listed_twice() {
        let mut log = ConflictLog::default();
        let now = Instant::now();
        log.note(conflict(ConflictKind::NodeId, true), now);
        log.note(conflict(ConflictKind::NodeId, true), now);
        log.note(conflict(ConflictKind::NodeName, true), now);
        let counts: Vec<u64> = log.list().iter().map(|s| s.count).collect();
        assert_eq!(counts, [2, 1]);
    }

    #[test]
    fn what_a_third_one_said_is_first_seen_anew_when_the_other_says_it_himself() {
        let mut log = ConflictLog::default();
        let start = Instant::now();
        let told = |by| Conflict {
            refused_by: Some(by),
            ..conflict(ConflictKind::NodeId, true)
        };
        let later = start + Duration::from_secs(9);
        log.note(told(RefusedBy::Third), start);
        log.note(told(RefusedBy::Other), later);
        log.note(told(RefusedBy::Third), later + Duration::from_secs(1));
        assert_eq!(log.list()[0].first_seen, later);
    }

    #[test]
    fn a_conflict_that_goes_on_is_a_line_once_a_minute() {
        let mut log = ConflictLog::default();
        let start = Instant::now();
        let lines: Vec<u64> = (0..150)
            .filter(|s| {
                let now = start + Duration::from_secs(*s);
                let noted = log.note(conflict(ConflictKind::NodeId, true), now);
                noted.is_some()
            })
            .collect();
        assert_eq!(lines, [0, 60, 120]);
    }

    #[test]
    fn that_the_other_answered_for_himself_is_shown_at_once_and_kept() {
        let mut log = ConflictLog::default();
        let now = Instant::now();
        let told = |by| Conflict {
            refused_by: Some(by),
            ..conflict(ConflictKind::NodeId, true)
        };
        for by in [RefusedBy::Third, RefusedBy::Other, RefusedBy::Third] {
            log.note(told(by), now);
            if by == RefusedBy::Other {
                assert!(log.publish(now).is_some());
            }
        }
        assert_eq!(log.list()[0].conflict, told(RefusedBy::Other));
    }

    #[test]
    fn a_flood_of_conflicts_is_no_flood_of_lines() {
        let mut log = ConflictLog::default();
        let start = Instant::now();
        let lines = (1..=1_000_u16).filter(|port| {
            let mut next = conflict(ConflictKind::NodeId, true);
            next.theirs.addr.set_port(*port);
            log.note(next, start).is_some()
        });
        assert_eq!(lines.count(), REMEMBERED_MAX);
    }

    #[test]
    fn a_datagram_of_somebody_whose_name_is_known_counts_as_his() {
        let mut log = ConflictLog::default();
        let now = Instant::now();
        let named = conflict(ConflictKind::Cluster, true);
        let datagram = Conflict {
            theirs: Party::unknown(named.theirs.addr),
            ..named.clone()
        };
        log.note(datagram.clone(), now);
        assert!(!log.is_named(&datagram));
        log.note(named.clone(), now);
        log.note(datagram, now);
        let list = log.list();
        assert_eq!((list.len(), list[0].count), (1, 3));
        assert_eq!(list[0].conflict, named);
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
