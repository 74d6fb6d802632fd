//! Rules of the table, one by one.

use std::time::Duration;

use proptest::prelude::*;

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
fn a_live_name_is_not_given_away_in_either_case_and_a_dead_one_is() {
    let mut table = table();
    table.hear(says("a", 2), 0).unwrap();
    assert_eq!(
        kind(table.hear(says("A", 3), 0)),
        Some(ConflictKind::NodeName)
    );
    assert_eq!(
        kind(table.hear(says("OWN", 3), 0)),
        Some(ConflictKind::NodeName)
    );
    down(&mut table, 2);
    assert_eq!(table.hear(says("A", 3), 0), Ok(Heard::New));
}

#[test]
fn a_wiped_agent_takes_over_its_name_at_its_own_address_at_once() {
    let mut table = table();
    let old = says("a", 2);
    table.hear(old.clone(), 0).unwrap();
    table.take_chores();
    let new = Announcement {
        node_id: NodeId::new(3),
        ..old.clone()
    };
    assert_eq!(table.hear(new.clone(), 0), Ok(Heard::New));
    assert_eq!(status(&table, 2), Some(MemberStatus::Failed));
    assert_eq!(status(&table, 3), Some(MemberStatus::Alive));
    let told = [
        foca::Member::down(Identity::of(&old, 0)),
        foca::Member::alive(Identity::of(&new, 0)),
    ];
    assert_eq!(table.take_chores().feed, told);
    let usurper = Announcement {
        node_id: NodeId::new(4),
        ..says("own", 1)
    };
    assert_eq!(kind(table.hear(usurper, 0)), Some(ConflictKind::NodeName));
}

#[test]
fn who_returns_to_a_name_that_was_given_away_is_a_reported_conflict() {
    let mut table = table();
    table.hear(says("a", 2), 0).unwrap();
    down(&mut table, 2);
    table.hear(says("a", 3), 0).unwrap();
    table.take_chores();
    table.observe(&Identity::of(&says("a", 2), 1), 0, foca::State::Alive);
    let conflicts = table.take_chores().conflicts;
    assert_eq!(conflicts[0].kind, ConflictKind::NodeName);
}

#[test]
fn a_live_node_id_keeps_its_name_and_a_dead_one_may_change_it() {
    let mut table = table();
    table.hear(says("a", 2), 0).unwrap();
    let renamed = Announcement {
        generation: 101,
        ..says("b", 2)
    };
    let outcome = table.hear(renamed.clone(), 0);
    assert_eq!(kind(outcome), Some(ConflictKind::NodeId));
    down(&mut table, 2);
    assert_eq!(table.hear(renamed, 0), Ok(Heard::New));
    assert_eq!(
        table.hear(says("a", 3), 0),
        Ok(Heard::New),
        "the old name is free"
    );
}

#[test]
fn clusters_are_admitted_by_what_the_list_holds() {
    let rows = [
        (0, 0, 1, None),
        (1, 0, 1, None),
        (1, 0, 2, Some(ConflictKind::Cluster)),
        (0, 1, 1, None),
        (0, 1, 2, Some(ConflictKind::AmbiguousCluster)),
        (0, 1, 0, None),
    ];
    for (own, known, theirs, expected) in rows {
        let word = |name, number, n| Announcement {
            cluster: cluster(n),
            ..says(name, number)
        };
        let mut table = table_of(word("own", 1, own), Instant::now());
        table.hear(word("a", 2, known), 0).unwrap();
        let outcome = table.hear(word("b", 3, theirs), 0);
        assert_eq!(kind(outcome), expected, "{own} {known} {theirs}");
    }
}

#[test]
fn the_only_member_of_a_cluster_may_change_to_another() {
    let mut table = table();
    let word = |version, n| Announcement {
        cluster: cluster(n),
        version,
        ..says("a", 2)
    };
    table.hear(word(1, 1), 0).unwrap();
    assert_eq!(table.cluster(), cluster(1));
    assert_eq!(table.hear(word(2, 2), 0), Ok(Heard::New));
    assert!(table.take_changed());
    assert_eq!(table.cluster(), cluster(2));
}

#[test]
fn a_failed_member_holds_its_cluster_and_one_that_left_does_not() {
    let mut table = table();
    let member = Announcement {
        cluster: cluster(1),
        ..says("a", 2)
    };
    table.hear(member, 0).unwrap();
    down(&mut table, 2);
    table.take_changed();
    assert_eq!(table.cluster(), cluster(1));
    table.force_leave("a", false).unwrap();
    table.take_changed();
    assert_eq!(table.cluster(), None);
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
fn a_word_in_ones_own_name_is_old_unless_it_is_of_a_twin() {
    let word = |generation, port: u16| Announcement {
        generation,
        gossip_addr: says("own", port).gossip_addr,
        ..says("own", 1)
    };
    let rows = [
        (word(100, 1), None),
        (word(99, 1), None),
        (word(99, 7), None),
        (word(100, 7), Some(ConflictKind::NodeId)),
        (word(101, 1), Some(ConflictKind::NodeId)),
    ];
    for (word, expected) in rows {
        let label = (word.generation, word.gossip_addr);
        let mut table = table();
        assert_eq!(kind(table.hear(word, 0)), expected, "{label:?}");
        assert_eq!(table.members()[0].says, says("own", 1));
    }
}

#[test]
fn a_partner_of_an_older_life_or_elsewhere_is_a_twin() {
    let mut table = table();
    table.hear(says("a", 2), 0).unwrap();
    let word = |generation, port: u16| Announcement {
        generation,
        gossip_addr: says("a", port).gossip_addr,
        ..says("a", 2)
    };
    let rows = [
        (word(100, 2), true),
        (word(101, 2), true),
        (word(101, 7), false),
        (word(100, 7), false),
        (word(99, 2), false),
        (word(99, 7), false),
    ];
    for (word, is_admitted) in rows {
        let label = (word.generation, word.gossip_addr);
        assert_eq!(table.admit_partner(&word).is_ok(), is_admitted, "{label:?}");
    }
    let own = says("own", 1);
    assert!(table.admit_partner(&own).is_err(), "own node id");
}

#[test]
fn a_blank_partner_whose_list_holds_another_cluster_is_refused() {
    let member = |number: u16, n: u128| Line {
        says: Announcement {
            cluster: cluster(n),
            ..says(&format!("m{number}"), number)
        },
        ..line("x", number)
    };
    let down = |line: Line| Line {
        state: foca::State::Down,
        ..line
    };
    let rows = [
        (1, 0, vec![], None),
        (1, 0, vec![member(3, 1)], None),
        (
            1,
            0,
            vec![member(3, 1), member(4, 2)],
            Some(ConflictKind::AmbiguousCluster),
        ),
        (1, 0, vec![down(member(4, 2))], None),
        // A member of ours may have old news of others: each line is judged for itself.
        (1, 1, vec![member(4, 2)], None),
        (0, 0, vec![member(3, 1)], None),
        (
            0,
            0,
            vec![member(3, 1), member(4, 2)],
            Some(ConflictKind::AmbiguousCluster),
        ),
        // What this agent knows better is no sign of another cluster.
        (1, 0, vec![member(5, 2)], None),
    ];
    for (own, partner, others, expected) in rows {
        let mut table = table_of(
            Announcement {
                cluster: cluster(own),
                ..says("own", 1)
            },
            Instant::now(),
        );
        let known = Announcement {
            generation: 200,
            cluster: cluster(own),
            ..says("m5", 5)
        };
        table.hear(known, 0).unwrap();
        let partner = Announcement {
            cluster: cluster(partner),
            ..says("p", 2)
        };
        let verdict = table.admit_company(&partner, &others);
        let label = format!("{own} {others:?}");
        assert_eq!(
            verdict.err().map(|conflict| conflict.kind),
            expected,
            "{label}"
        );
    }
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

/// A word about one of three members, each of which keeps its name.
fn any_word() -> impl Strategy<Value = Announcement> {
    (2..5_u16, 100..103_u64, 1..4_u64).prop_map(|(number, generation, version)| Announcement {
        generation,
        version,
        build: format!("{generation}.{version}"),
        ..says(&format!("s{number}"), number)
    })
}

proptest! {
    #[test]
    fn the_order_in_which_words_come_does_not_matter(
        words in proptest::collection::vec(any_word(), 0..20),
        seed in any::<proptest::sample::Index>(),
    ) {
        let mut shuffled = words.clone();
        if !shuffled.is_empty() {
            let middle = seed.index(shuffled.len());
            shuffled.rotate_left(middle);
            shuffled.reverse();
        }
        let lists = [words, shuffled].map(|words| {
            let mut table = table();
            for word in words {
                table.hear(word, 0).unwrap();
            }
            table.members()
        });
        prop_assert_eq!(&lists[0], &lists[1]);
    }

    #[test]
    fn the_index_of_names_holds_exactly_the_members(
        words in proptest::collection::vec((any_word(), "[a-c]"), 0..30),
    ) {
        let mut table = table();
        for (word, name) in words {
            let renamed = Announcement { name: name.parse().unwrap(), ..word };
            drop(table.hear(renamed, 0));
        }
        let listed: BTreeSet<_> = table.iter().map(|entry| name_key(&entry.says)).collect();
        prop_assert_eq!(&listed, &table.names);
        let alive: BTreeSet<_> = listed.iter().map(|(name, _)| name).collect();
        prop_assert_eq!(alive.len(), listed.len(), "two live members of one name");
    }
}
