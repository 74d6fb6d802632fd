//! Rules of the table, one by one.

mod claims;
mod doors;
mod order;

use std::time::Duration;

use super::upkeep::LEFT_KEPT;
use super::*;
use crate::gossip::conflict::ConflictKind;
use crate::gossip::identity::Life;
use crate::gossip::testing::{line, says};
use crate::types::ClusterId;

/// Long enough to differ from what is kept of those who left.
const FAILED_KEPT: Duration = Duration::from_hours(72);

fn table() -> Table {
    table_of(says("own", 1), Instant::now())
}

fn table_of(says: Announcement, now: Instant) -> Table {
    Table::new(says, now, FAILED_KEPT)
}

fn cluster(n: u128) -> Option<ClusterId> {
    (n > 0).then_some(ClusterId::random(n << 80))
}

fn down(table: &mut Table, node_id: u128) {
    let identity = table.get(NodeId::new(node_id)).unwrap().identity();
    table.observe(&identity, 0, foca::State::Down);
}

fn status(table: &Table, node_id: u128) -> Option<MemberStatus> {
    table.get(NodeId::new(node_id)).map(Entry::status)
}

fn intent(node_id: u128, life: (u64, u32), kind: IntentKind) -> Intent {
    let (generation, renewal) = life;
    Intent {
        node_id: NodeId::new(node_id),
        life: Life {
            generation,
            renewal,
        },
        kind,
    }
}

fn kind(outcome: Result<Heard, Box<Conflict>>) -> Option<ConflictKind> {
    outcome.err().map(|conflict| conflict.kind)
}

#[test]
fn only_a_newer_word_is_news() {
    let mut table = table();
    let word = |generation, version| Announcement {
        generation,
        version,
        ..says("a", 2)
    };
    let rows = [
        (word(100, 1), Heard::New),
        (word(100, 1), Heard::Old),
        (word(100, 2), Heard::New),
        (word(99, 9), Heard::Old),
        (word(101, 1), Heard::New),
        (word(100, 9), Heard::Old),
    ];
    for (word, expected) in rows {
        let label = (word.generation, word.version);
        assert_eq!(table.hear(word, 0), Ok(expected), "{label:?}");
    }
}

#[test]
fn what_the_detector_thinks_and_what_was_meant_make_the_status() {
    let (alive, down_state) = (foca::State::Alive, foca::State::Down);
    let rows = [
        (alive, None, MemberStatus::Alive),
        (foca::State::Suspect, None, MemberStatus::Alive),
        (alive, Some(IntentKind::Leave), MemberStatus::Leaving),
        (alive, Some(IntentKind::Forced), MemberStatus::Alive),
        (alive, Some(IntentKind::Prune), MemberStatus::Alive),
        (down_state, None, MemberStatus::Failed),
        (down_state, Some(IntentKind::Leave), MemberStatus::Left),
        (down_state, Some(IntentKind::Forced), MemberStatus::Left),
        (down_state, Some(IntentKind::Prune), MemberStatus::Left),
    ];
    for (state, meant, expected) in rows {
        let mut table = table();
        table.hear(says("a", 2), 0).unwrap();
        if let Some(meant) = meant {
            table.hear_intent(intent(2, (100, 0), meant));
        }
        let identity = table.get(NodeId::new(2)).unwrap().identity();
        table.observe(&identity, 0, state);
        assert_eq!(status(&table, 2), Some(expected), "{state:?} {meant:?}");
        let is_listed = table.members().len() == 2;
        let is_forgotten = state == down_state && meant == Some(IntentKind::Prune);
        assert_eq!(is_listed, !is_forgotten, "{state:?} {meant:?}");
    }
}

#[test]
fn an_intent_ends_with_the_life_that_it_was_about() {
    let mut table = table();
    table.hear(says("a", 2), 0).unwrap();
    table.hear_intent(intent(2, (100, 0), IntentKind::Leave));
    down(&mut table, 2);
    assert_eq!(status(&table, 2), Some(MemberStatus::Left));
    let renewed = Identity::of(&says("a", 2), 1);
    table.observe(&renewed, 0, foca::State::Alive);
    assert_eq!(status(&table, 2), Some(MemberStatus::Alive));
    table.observe(&renewed, 0, foca::State::Down);
    assert_eq!(status(&table, 2), Some(MemberStatus::Failed));
}

#[test]
fn an_intent_that_comes_before_the_word_of_its_life_is_kept() {
    let mut table = table();
    table.hear(says("a", 2), 0).unwrap();
    let early = intent(2, (101, 0), IntentKind::Leave);
    assert_eq!(table.hear_intent(early), Heard::New);
    let next = Announcement {
        generation: 101,
        ..says("a", 2)
    };
    table.hear(next, 0).unwrap();
    assert_eq!(status(&table, 2), Some(MemberStatus::Leaving));
}

#[test]
fn the_failure_detector_hears_of_every_admitted_life_and_of_nobody_else() {
    let mut table = table();
    table.hear(says("a", 2), 0).unwrap();
    let other = Announcement {
        datacenter: "dc2".parse().unwrap(),
        ..says("b", 3)
    };
    assert_eq!(kind(table.hear(other, 0)), Some(ConflictKind::Datacenter));
    let feed = table.take_chores().feed;
    assert_eq!(feed, [foca::Member::alive(Identity::of(&says("a", 2), 0))]);
    assert!(table.admits(&Identity::of(&says("a", 2), 3)), "renewed");
    let strangers = [
        Identity::of(&says("b", 3), 0),
        Identity::of(
            &Announcement {
                generation: 101,
                ..says("a", 2)
            },
            0,
        ),
        Identity::of(
            &Announcement {
                gossip_addr: "127.0.0.9:9".parse().unwrap(),
                ..says("a", 2)
            },
            0,
        ),
    ];
    for stranger in strangers {
        assert!(!table.admits(&stranger), "{stranger:?}");
    }
}

#[test]
fn the_failed_and_the_left_are_kept_for_their_time() {
    for (leaves, kept) in [(false, FAILED_KEPT), (true, LEFT_KEPT)] {
        let start = Instant::now();
        let mut table = table_of(says("own", 1), start);
        table.hear(says("a", 2), 0).unwrap();
        if leaves {
            table.hear_intent(intent(2, (100, 0), IntentKind::Leave));
        }
        down(&mut table, 2);
        let second = Duration::from_secs(1);
        table.set_now(start + kept - second);
        table.reap();
        assert_eq!(table.members().len(), 2);
        let told: Vec<Line> = table.lines().collect();
        table.set_now(start + kept);
        table.reap();
        assert_eq!(table.members().len(), 1);

        // Another agent that hears of it late neither keeps it anew nor brings it back.
        let mut other = table_of(says("other", 9), start);
        let line = told
            .into_iter()
            .find(|l| l.says.name.as_str() == "a")
            .unwrap();
        other.hear_line(line.clone()).unwrap();
        other.set_now(start + second);
        other.reap();
        assert!(other.get(NodeId::new(2)).is_none());
        let late = Line {
            down_for_s: line.down_for_s + 1,
            ..line
        };
        assert_eq!(table.hear_line(late), Ok(Heard::Old));
        assert_eq!(table.members().len(), 1);
    }
}

#[test]
fn a_forced_leave_is_about_the_failed_of_a_name_and_leaves_the_living_alone() {
    for (prune, becomes) in [(false, Some(MemberStatus::Left)), (true, None)] {
        let mut table = table();
        table.hear(says("a", 2), 0).unwrap();
        assert_eq!(table.force_leave("b", prune), None, "nobody goes by it");
        assert_eq!(table.force_leave("a", prune), Some(Vec::new()));
        assert_eq!(status(&table, 2), Some(MemberStatus::Alive));
        down(&mut table, 2);
        let told = table.force_leave("A", prune).unwrap();
        let kinds: Vec<IntentKind> = told.iter().map(|intent| intent.kind).collect();
        let kind = if prune {
            IntentKind::Prune
        } else {
            IntentKind::Forced
        };
        assert_eq!(kinds, [kind]);
        let shown = table.members();
        let shown = shown.iter().find(|member| member.says.name.as_str() == "a");
        assert_eq!(shown.map(|member| member.status), becomes);
    }
}

#[test]
fn who_is_about_to_be_forgotten_is_not_kept_by_handing_it_round() {
    let start = Instant::now();
    let mut table = table_of(says("own", 1), start);
    table.hear(says("a", 2), 0).unwrap();
    down(&mut table, 2);
    // A moment before its time is over, nobody takes it in any more.
    let now = start + FAILED_KEPT - Duration::from_millis(10);
    table.set_now(now);
    let told = table.lines().find(|line| line.says.name.as_str() == "a");
    let mut other = table_of(says("other", 9), now);
    assert_eq!(other.hear_line(told.unwrap()), Ok(Heard::Old));
    assert_eq!(other.members().len(), 1);
}

#[test]
fn a_line_about_a_dead_stranger_enters_as_dead() {
    let mut table = table();
    let dead = Line {
        state: foca::State::Down,
        down_for_s: 60,
        ..line("a", 2)
    };
    assert_eq!(table.hear_line(dead), Ok(Heard::New));
    assert_eq!(status(&table, 2), Some(MemberStatus::Failed));
    assert_eq!(table.alive_others().count(), 0);
}

#[test]
fn only_what_has_to_be_refuted_is_told_of_oneself() {
    let rows = [
        (foca::State::Alive, 0, false),
        (foca::State::Suspect, 0, true),
        (foca::State::Down, 0, true),
    ];
    for (state, renewal, is_told) in rows {
        let mut table = table();
        table.observe_own(0, foca::State::Alive);
        let line = Line {
            renewal,
            state,
            ..line("own", 1)
        };
        table.hear_line(line).unwrap();
        assert_eq!(!table.take_chores().feed.is_empty(), is_told, "{state:?}");
    }
    let mut table = table();
    table.observe_own(1, foca::State::Alive);
    let past = Line {
        state: foca::State::Down,
        ..line("own", 1)
    };
    table.hear_line(past).unwrap();
    assert!(table.take_chores().feed.is_empty(), "a past renewal");
}

#[test]
fn an_intent_of_others_about_a_living_agent_is_refuted_and_its_own_is_not() {
    let mut table = table();
    assert_eq!(
        table.hear_intent(intent(1, (100, 0), IntentKind::Forced)),
        Heard::Old
    );
    assert!(table.take_chores().refute);
    let own = table.intend_own(IntentKind::Leave).unwrap();
    table.hear_intent(own);
    assert!(!table.take_chores().refute);
    assert_eq!(status(&table, 1), Some(MemberStatus::Leaving));
}

#[test]
fn the_list_is_sorted_by_name() {
    let mut table = table();
    for (name, number) in [("z", 2), ("b", 3), ("c", 4)] {
        table.hear(says(name, number), 0).unwrap();
    }
    let members = table.members();
    let names: Vec<&str> = members.iter().map(|m| m.says.name.as_str()).collect();
    assert_eq!(names, ["b", "c", "own", "z"]);
}
