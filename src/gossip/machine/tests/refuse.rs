//! Foreigners at each door of the machine: a datagram, a list that is shown, a list that is answered.

use super::*;
use crate::gossip::error::GossipError;
use crate::gossip::testing::line;
use crate::gossip::wire::{Line, Picture};

fn of_cluster(name: &str, number: u16, n: u128) -> Announcement {
    Announcement {
        cluster: Some(ClusterId::random(n << 80)),
        ..says(name, number)
    }
}

fn heard_of(world: &mut World, number: u16) -> BTreeSet<ClusterId> {
    world.step(number, Machine::heard_of)
}

fn picture(says: Announcement) -> Picture {
    let from = Line {
        says,
        ..line("x", 1)
    };
    let others = Vec::new();
    Picture { from, others }
}

/// A member of cluster 1 alone in its world.
fn alone() -> World {
    let mut world = World::new();
    world.start(of_cluster("s1", 1, 1));
    world
}

#[test]
fn a_list_of_another_cluster_is_refused_whether_it_is_shown_or_answered() {
    let mut world = alone();
    let foreign = || picture(of_cluster("f", 9, 2));
    let answer = world.step(1, |machine, now| machine.answer(now, foreign()));
    let Message::Refused(conflict) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(conflict.kind, ConflictKind::Cluster);
    let taken = world.step(1, |machine, now| {
        machine.take_answer(now, addr(9), Message::Picture(Box::new(foreign())))
    });
    assert!(
        matches!(taken, Err(GossipError::Refused { .. })),
        "{taken:?}"
    );
    assert_eq!(world.members(1).len(), 1);
    assert_eq!(world.machines[&addr(1)].counters().turned_cluster, 2);
}

#[test]
fn a_refusal_that_is_heard_counts_too() {
    let mut world = alone();
    let refusal = world.step(1, |machine, now| {
        machine.answer(now, picture(of_cluster("f", 9, 2)))
    });
    let taken = world.step(1, |machine, now| machine.take_answer(now, addr(9), refusal));
    assert!(
        matches!(taken, Err(GossipError::Refused { .. })),
        "{taken:?}"
    );
    assert_eq!(world.machines[&addr(1)].counters().turned_cluster, 2);
}

#[test]
fn a_datagram_of_another_cluster_is_refused_and_its_sender_is_asked_who_he_is() {
    let mut world = alone();
    world.start(of_cluster("f", 9, 2));
    let foreign = ClusterId::random(2 << 80);
    let datagram = Door::new(None).wrap(Some(foreign), b"x").unwrap();
    world.step(1, |machine, now| machine.receive(now, addr(9), &datagram));
    assert_eq!(world.machines[&addr(1)].counters().turned_cluster, 1);
    let named =
        |world: &World, number: u16| world.machines[&addr(number)].counters().turned_cluster;
    let both = |world: &World| named(world, 1) == 2 && named(world, 9) == 1;
    world.until(Duration::from_secs(5), both).unwrap();
    assert_eq!((world.members(1).len(), world.members(9).len()), (1, 1));
}

#[test]
fn a_blank_agent_is_not_torn_by_who_looks_for_the_one_that_had_its_address() {
    let mut world = alone();
    world.start(of_cluster("f", 9, 2));
    world.start(says("z", 5));
    world.exchange(addr(5), addr(1)).unwrap();
    let foreign = ClusterId::random(2 << 80);
    let datagram = Door::new(None).wrap(Some(foreign), b"x").unwrap();
    world.step(5, |machine, now| machine.receive(now, addr(9), &datagram));
    assert_eq!(world.machines[&addr(5)].counters().turned_cluster, 1);
    world.pass(Duration::from_secs(30));
    assert!(!world.machines[&addr(5)].counters().is_torn);
    assert_eq!(world.status(1, "z"), Some(MemberStatus::Alive));
    assert_eq!(world.status(9, "z"), None);
}

/// `z` is blank and still hears its sources; `s1` is of cluster 1, `f` of 2.
fn reserved() -> World {
    let mut world = alone();
    world.start(of_cluster("f", 9, 2));
    world.start(says("z", 5));
    world.step(5, |machine, _| machine.reserve());
    world
}

#[test]
fn a_blank_agent_hears_its_own_sources_before_whoever_calls() {
    let mut world = reserved();
    world.start(says("new", 6));
    world.exchange(addr(6), addr(9)).unwrap();
    // Neither a member nor somebody blank who found one brings it to the other cluster.
    for caller in [6, 9] {
        let refused = world.exchange(addr(caller), addr(5)).unwrap_err();
        assert!(refused.contains("its own sources first"), "{refused}");
    }
    let foreign = ClusterId::random(2 << 80);
    let datagram = Door::new(None).wrap(Some(foreign), b"x").unwrap();
    world.step(5, |machine, now| machine.receive(now, addr(9), &datagram));
    assert_eq!(world.members(5).len(), 1);
    let foreign = BTreeSet::from([foreign]);
    assert_eq!(heard_of(&mut world, 5), foreign);
    // Its own source leads to cluster 1, and whoever calls from the other one is no reason to stay out.
    world.exchange(addr(5), addr(1)).unwrap();
    assert!(world.exchange(addr(9), addr(5)).is_err());
    let own = BTreeSet::from([ClusterId::random(1 << 80)]);
    assert_eq!(heard_of(&mut world, 5), own);
    world.step(5, Machine::open);
    assert!(!world.machines[&addr(5)].counters().is_torn);
    world.pass(Duration::from_secs(30));
    assert_eq!(world.status(1, "z"), Some(MemberStatus::Alive));
    assert_eq!(world.status(9, "z"), None);
}

#[test]
fn a_call_that_came_too_early_is_heard_once_the_own_sources_led_nowhere() {
    let mut world = reserved();
    world.exchange(addr(9), addr(5)).unwrap_err();
    world.kill(9);
    assert_eq!(world.status(5, "f"), None);
    world.step(5, Machine::open);
    assert_eq!(world.status(5, "f"), Some(MemberStatus::Alive));
}

#[test]
fn of_each_cluster_the_last_call_waits_and_of_many_clusters_a_few() {
    let mut world = reserved();
    for n in 2..9 {
        for name in ["a", "b"] {
            let says = of_cluster(name, u16::try_from(n).unwrap() + 20, n);
            let answer = world.step(5, |machine, now| machine.answer(now, picture(says)));
            assert_eq!(answer, Message::Early);
        }
    }
    let expected: BTreeSet<_> = (2..6_u128).map(|n| ClusterId::random(n << 80)).collect();
    assert_eq!(heard_of(&mut world, 5), expected);
}

#[test]
fn a_blank_agent_whose_sources_were_heard_is_taken_in_by_whoever_calls() {
    let mut world = reserved();
    world.step(5, Machine::open);
    world.exchange(addr(9), addr(5)).unwrap();
    assert_eq!(world.status(5, "f"), Some(MemberStatus::Alive));
}

#[test]
fn a_blank_agent_with_the_list_of_one_cluster_that_another_refuses_is_between_them() {
    let mut world = alone();
    world.start(of_cluster("f", 9, 2));
    world.start(says("new", 6));
    world.start(says("z", 5));
    world.exchange(addr(6), addr(9)).unwrap();
    world.exchange(addr(6), addr(5)).unwrap();
    assert_eq!(world.status(5, "f"), Some(MemberStatus::Alive));
    assert!(world.exchange(addr(5), addr(1)).is_err());
    assert!(world.machines[&addr(5)].counters().is_torn);
}

#[test]
fn a_blank_agent_that_met_two_clusters_falls_silent_and_is_refused_by_both() {
    for first in [1, 9] {
        let mut world = alone();
        world.start(of_cluster("f", 9, 2));
        world.start(says("z", 5));
        world.exchange(addr(5), addr(first)).unwrap();
        let second = if first == 1 { 9 } else { 1 };
        assert!(world.exchange(addr(5), addr(second)).is_err());
        assert!(world.machines[&addr(5)].counters().is_torn);
        // Whoever took it in before finds it failed; nobody takes it in again.
        world.pass(Duration::from_secs(30));
        assert_eq!(world.status(first, "z"), Some(MemberStatus::Failed));
        for number in [1, 9] {
            assert!(world.exchange(addr(5), addr(number)).is_err());
            assert_ne!(world.status(number, "z"), Some(MemberStatus::Alive));
        }
        // A newcomer is not drawn into it.
        world.start(says("new", 6));
        world.exchange(addr(6), addr(1)).unwrap();
        assert!(world.exchange(addr(6), addr(5)).is_err());
        world.pass(Duration::from_secs(30));
        assert!(!world.machines[&addr(6)].counters().is_torn);
        assert_eq!(world.status(9, "new"), None);
    }
}

#[test]
fn a_restarted_agent_that_meets_a_copy_first_asks_where_the_original_was() {
    for is_original_there in [true, false] {
        let mut world = World::new();
        if is_original_there {
            world.start(says("n1", 1));
        }
        let copy = Announcement {
            generation: says("n1", 1).generation + 1,
            gossip_addr: addr(9),
            ..says("n1", 1)
        };
        world.start(copy);
        world.start(says("n2", 2));
        let homes = [(says("n1", 1).node_id, addr(1))];
        world.step(2, |machine, _| machine.remember_homes(&homes));
        drop(world.exchange(addr(9), addr(2)));
        world.deliver();
        let table = world.machines[&addr(2)].table.lock();
        let known = table.get(says("n1", 1).node_id).unwrap();
        let expected = if is_original_there { 1 } else { 9 };
        assert_eq!(known.says.gossip_addr, addr(expected));
    }
}

#[test]
fn two_that_met_while_they_were_blank_and_went_to_two_clusters_list_each_other_no_more() {
    let mut world = alone();
    world.start(of_cluster("f", 9, 2));
    world.start(says("a", 5));
    world.start(says("b", 6));
    world.exchange(addr(5), addr(6)).unwrap();
    // What is said next is lost until both have entered: else each would hear of the other cluster.
    world.cut(1, 6);
    world.cut(5, 6);
    world.exchange(addr(5), addr(1)).unwrap();
    world.exchange(addr(6), addr(9)).unwrap();
    assert!(world.members(1).contains_key("b") && world.members(9).contains_key("a"));
    for (number, n) in [(5, 1_u128), (6, 2)] {
        let cluster = Some(ClusterId::random(n << 80));
        let entered = world.step(number, |machine, now| {
            machine.announce(now, |says| says.cluster = cluster)
        });
        entered.unwrap();
    }
    world.cut.clear();
    world.pass(Duration::from_secs(5));
    let names = |number| world.members(number).into_keys().collect::<Vec<_>>();
    for number in [1, 5] {
        assert_eq!(names(number), ["a", "s1"], "{number}");
    }
    for number in [9, 6] {
        assert_eq!(names(number), ["b", "f"], "{number}");
    }
}

#[test]
fn a_blank_partner_who_called_first_draws_nobody_to_the_cluster_that_he_found() {
    let mut world = reserved();
    world.start(says("new", 6));
    world.exchange(addr(6), addr(5)).unwrap();
    world.exchange(addr(6), addr(9)).unwrap();
    world.pass(Duration::from_mins(1));
    assert_eq!(world.status(6, "f"), Some(MemberStatus::Alive));
    assert_eq!(world.status(5, "f"), None);
    let told = BTreeSet::from([ClusterId::random(2 << 80)]);
    assert_eq!(heard_of(&mut world, 5), told);
    world.exchange(addr(5), addr(1)).unwrap();
    assert_eq!(world.status(5, "s1"), Some(MemberStatus::Alive));
    assert!(!world.machines[&addr(5)].counters().is_torn);
}

#[test]
fn a_cluster_whose_members_name_a_blank_agent_has_was_heard_of_whoever_refuses_whom() {
    let told = BTreeSet::from([ClusterId::random(1 << 80)]);
    for is_caller in [true, false] {
        let mut world = alone();
        let same_name = Announcement {
            name: says("s1", 1).name,
            ..says("z", 5)
        };
        world.start(same_name);
        let (from, to) = if is_caller { (5, 1) } else { (1, 5) };
        let refused = world.exchange(addr(from), addr(to)).unwrap_err();
        assert!(refused.contains("Conflicting address for s1"), "{refused}");
        assert_eq!(heard_of(&mut world, 5), told, "{is_caller}");
    }
}

#[test]
fn an_agent_of_another_datacenter_is_not_met() {
    let mut world = alone();
    let far = Announcement {
        datacenter: "dc2".parse().unwrap(),
        ..of_cluster("f", 9, 2)
    };
    world.start(far);
    world.start(says("z", 5));
    world.exchange(addr(9), addr(5)).unwrap_err();
    assert!(heard_of(&mut world, 5).is_empty());
    world.exchange(addr(5), addr(1)).unwrap();
}

#[test]
fn who_enters_a_cluster_lists_no_member_of_another_that_it_met_before() {
    let mut world = alone();
    world.start(says("z", 5));
    world.exchange(addr(5), addr(1)).unwrap();
    let other = Some(ClusterId::random(2 << 80));
    let entered = world.step(5, |machine, now| {
        machine.announce(now, |says| says.cluster = other)
    });
    entered.unwrap();
    assert_eq!(world.members(5).into_keys().collect::<Vec<_>>(), ["z"]);
    world.pass(Duration::from_secs(30));
    assert_eq!(world.members(5).into_keys().collect::<Vec<_>>(), ["z"]);
    assert_eq!(world.members(1).into_keys().collect::<Vec<_>>(), ["s1"]);
}

#[test]
fn a_cluster_whose_member_waits_for_its_home_to_be_asked_was_heard_of() {
    let mut world = World::new();
    world.start(says("z", 5));
    let homes = [(says("s1", 1).node_id, addr(7))];
    let told = world.step(5, |machine, now| {
        machine.remember_homes(&homes);
        machine.answer(now, picture(of_cluster("s1", 1, 1)));
        machine.heard_of(now)
    });
    assert_eq!(told, BTreeSet::from([ClusterId::random(1 << 80)]));
}
