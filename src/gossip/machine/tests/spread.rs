//! How fast news goes round, and where it must not go.

use super::*;
use crate::gossip::testing::line;
use crate::gossip::wire::Line;
use crate::types::ClusterId;

#[test]
fn three_that_join_at_once_see_each_other_within_one_short_round() {
    let mut world = World::of(3);
    let met = world.until(Duration::from_mins(1), World::all_see_all);
    assert!(met.unwrap() <= Duration::from_millis(20), "{met:?}");
}

#[test]
fn fifty_that_join_at_once_all_see_all_within_a_quarter_of_a_second() {
    let mut world = World::new();
    for number in 1..=50 {
        world.start(says(&format!("s{number}"), number));
    }
    for number in 2..=50 {
        world.exchange(addr(number), addr(1)).unwrap();
    }
    let met = world.until(Duration::from_mins(1), World::all_see_all);
    assert!(met.unwrap() <= Duration::from_millis(250), "{met:?}");
    for machine in world.machines.values() {
        let configured_for = machine.upkeep.configured_for();
        assert!((42..=50).contains(&configured_for), "{configured_for}");
    }
}

#[test]
fn a_changed_word_reaches_fifty_within_half_a_second() {
    let mut world = World::of(50);
    world
        .until(Duration::from_mins(1), World::all_see_all)
        .unwrap();
    world.pass(Duration::from_secs(10));
    world
        .step(50, |machine, now| {
            machine.announce(now, |says| says.build = String::from("0.2.0"))
        })
        .unwrap();
    let heard = |world: &World| {
        world.machines.values().all(|machine| {
            let table = machine.table.lock();
            table
                .get(NodeId::new(50))
                .is_some_and(|entry| entry.says.build == "0.2.0")
        })
    };
    let spread = world.until(Duration::from_mins(1), heard);
    assert!(spread.unwrap() <= Duration::from_millis(500), "{spread:?}");
}

#[test]
fn an_announcement_that_changes_nothing_is_no_news() {
    let mut world = World::of(2);
    world.pass(Duration::from_secs(5));
    let version = world.machines[&addr(1)].own().version;
    world
        .step(1, |machine, now| {
            machine.announce(now, |says| says.generation = 5)
        })
        .unwrap();
    let machine = &world.machines[&addr(1)];
    assert_eq!(
        (machine.own().version, machine.own().generation),
        (version, 100)
    );
    assert_eq!(machine.backlog(), 0);
}

#[test]
fn lost_datagrams_are_made_good_by_push_pull() {
    let mut world = World::of(3);
    world.pass(Duration::from_secs(5));
    world.loss_percent = 100;
    world
        .step(3, |machine, now| {
            machine.announce(now, |says| says.build = String::from("0.2.0"))
        })
        .unwrap();
    let heard = |world: &World| {
        [1, 2].iter().all(|n| {
            let table = world.machines[&addr(*n)].table.lock();
            let entry = table.get(NodeId::new(3));
            entry.is_some_and(|entry| entry.says.build == "0.2.0")
        })
    };
    assert!(world.until(Duration::from_mins(2), heard).is_some());
}

#[test]
fn a_member_whose_word_was_missed_is_asked_for_it() {
    let mut world = World::new();
    for number in 1..=3 {
        world.start(says(&format!("s{number}"), number));
    }
    world.exchange(addr(2), addr(1)).unwrap();
    // The third comes while every datagram to the second is lost.
    world.loss_percent = 100;
    world.exchange(addr(3), addr(1)).unwrap();
    world
        .machines
        .get_mut(&addr(1))
        .unwrap()
        .counters_mut()
        .exchanges = 0;
    world.pass(Duration::from_millis(900));
    assert_eq!(world.status(2, "s3"), None);
    world.loss_percent = 0;
    let met = world.until(Duration::from_secs(20), World::all_see_all);
    assert!(met.unwrap() < Duration::from_secs(5), "{met:?}");
}

#[test]
fn agents_of_two_clusters_never_meet_through_blank_ones() {
    let mut world = World::new();
    for (number, name, cluster) in [
        (1, "x1", Some(1)),
        (2, "x2", Some(1)),
        (3, "blank-x", None),
        (4, "blank-y", None),
        (5, "y1", Some(2)),
        (6, "y2", Some(2)),
    ] {
        world.start(Announcement {
            cluster: cluster.map(|n: u128| ClusterId::random(n << 80)),
            ..says(name, number)
        });
    }
    for (from, to) in [(2, 1), (3, 1), (4, 5), (6, 5)] {
        world.exchange(addr(from), addr(to)).unwrap();
    }
    // Neither of the blank agents lets the other bring the other cluster near.
    assert!(world.exchange(addr(3), addr(4)).is_err());
    for (number, name, n, to) in [(7, "x3", 1, 1), (8, "y3", 2, 5)] {
        world.start(Announcement {
            cluster: Some(ClusterId::random(n << 80)),
            ..says(name, number)
        });
        world.exchange(addr(number), addr(to)).unwrap();
    }
    world.pass(Duration::from_mins(3));
    let names = |world: &World, number| world.members(number).into_keys().collect::<Vec<_>>();
    for (number, wanted) in [
        (1, ["blank-x", "x1", "x2", "x3"]),
        (3, ["blank-x", "x1", "x2", "x3"]),
        (4, ["blank-y", "y1", "y2", "y3"]),
        (5, ["blank-y", "y1", "y2", "y3"]),
    ] {
        assert_eq!(names(&world, number), wanted, "{number}");
        let members = world.members(number);
        let all_alive = members.values().all(|s| *s == MemberStatus::Alive);
        assert!(all_alive, "{number} sees {members:?}");
    }
    for machine in world.machines.values() {
        let table = machine.table.lock();
        for probed in machine.swim.iter_members() {
            assert!(table.admits(probed.id()), "{probed:?} is probed");
        }
    }
    assert!(world.conflicts(3).contains(&ConflictKind::AmbiguousCluster));
    assert!(world.conflicts(4).contains(&ConflictKind::AmbiguousCluster));
}

#[test]
fn nobody_learns_of_members_from_one_that_stands_between_two_clusters() {
    let mut world = World::new();
    for (number, name, cluster) in [
        (1, "x1", Some(1)),
        (2, "between", None),
        (3, "y1", Some(2)),
        (4, "blank", None),
    ] {
        world.start(Announcement {
            cluster: cluster.map(|n: u128| ClusterId::random(n << 80)),
            ..says(name, number)
        });
    }
    world.exchange(addr(2), addr(1)).unwrap();
    assert!(world.exchange(addr(2), addr(3)).is_err());
    // It was refused by one of the two, and knows of him only what the refusal says.
    for (from, to) in [(2, 4), (4, 2), (2, 1), (2, 3)] {
        assert!(world.exchange(addr(from), addr(to)).is_err(), "{from} {to}");
    }
    let names: Vec<String> = world.members(4).into_keys().collect();
    assert_eq!(names, ["blank"]);
    assert_eq!(world.machines[&addr(4)].table.lock().cluster(), None);
    assert!(!world.conflicts(4).is_empty());
}

#[test]
fn a_pool_that_founds_takes_its_cluster_one_by_one() {
    let mut world = World::of(3);
    let cluster = Some(ClusterId::random(9 << 80));
    for number in 1..=3 {
        world
            .step(number, |machine, now| {
                machine.announce(now, |says| says.cluster = cluster)
            })
            .unwrap();
        world.pass(Duration::from_secs(1));
    }
    world.pass(Duration::from_secs(40));
    assert!(world.all_see_all());
    for number in 1..=3 {
        assert_eq!(world.conflicts(number), []);
        assert_eq!(
            world.machines[&addr(number)].table.lock().cluster(),
            cluster
        );
    }
}

#[test]
fn lists_are_exchanged_about_every_half_minute() {
    let mut world = World::of(3);
    let before = world.exchanges;
    world.pass(Duration::from_mins(10));
    let count = world.exchanges - before;
    assert!(
        (50..=70).contains(&count),
        "{count} by three agents in ten minutes"
    );
}

/// How much news one agent has for others after a partner's list told it of a member in this state.
fn backlog_after(state: foca::State) -> usize {
    let mut world = World::new();
    for number in [1, 2] {
        world.start(says(&format!("s{number}"), number));
    }
    let question = world.machines.get_mut(&addr(2)).unwrap().picture();
    let Message::Picture(mut picture) = Message::parse(&question.unwrap().encode()).unwrap() else {
        panic!("no picture");
    };
    picture.others.push(Line {
        state,
        ..line("s3", 3)
    });
    let machine = world.machines.get_mut(&addr(1)).unwrap();
    machine.answer(world.now, *picture);
    assert_eq!(world.members(1).len(), 3);
    world.machines[&addr(1)].backlog()
}

#[test]
fn a_word_of_one_who_is_down_is_no_news_for_it_would_be_heard_as_a_sign_of_life() {
    let lives = backlog_after(foca::State::Alive);
    assert_eq!(backlog_after(foca::State::Down), lives - 1);
}
