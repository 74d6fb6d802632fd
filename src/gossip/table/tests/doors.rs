//! Who may enter, and under which name, node id and cluster.

use super::*;

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
        assert_eq!(*table.members()[0].says, says("own", 1));
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
