//! Finding failures, and finding none where there are none.

use super::*;
use crate::gossip::wire::{Intent, IntentKind};
use crate::types::NodeId;

#[test]
fn a_failure_is_found_within_five_seconds_in_a_small_pool() {
    for number in [2_u16, 3, 5] {
        for victim_dies_after_ms in [0, 300, 900, 1_700] {
            let mut world = World::of(number + 1);
            world.pass(Duration::from_secs(7) + Duration::from_millis(victim_dies_after_ms));
            let victim = format!("s{}", number + 1);
            world.kill(number + 1);
            let found = world.until(Duration::from_secs(20), |world| {
                let seen = (1..=number).map(|n| world.status(n, &victim));
                seen.into_iter().all(|s| s == Some(MemberStatus::Failed))
            });
            let found = found.unwrap();
            assert!(found < Duration::from_millis(5_500), "{number}: {found:?}");
        }
    }
}

#[test]
fn a_failed_member_is_forgotten_once_it_was_kept_for_its_time() {
    let kept = Duration::from_secs(30);
    let mut world = World::new();
    for number in 1..=3 {
        let tuning = Tuning {
            failed_kept: kept,
            ..Tuning::default()
        };
        world.start_with(says(&format!("s{number}"), number), tuning);
        if number > 1 {
            world.exchange(addr(number), addr(1)).unwrap();
        }
    }
    world.kill(3);
    let is = |status| move |world: &World| [1, 2].iter().all(|n| world.status(*n, "s3") == status);
    let failed = world.until(kept, is(Some(MemberStatus::Failed)));
    assert!(failed.is_some());
    let forgotten = world.until(kept * 2, is(None)).unwrap();
    assert!(forgotten < kept + Duration::from_secs(5), "{forgotten:?}");
}

#[test]
fn a_quiet_pool_stays_as_it_is_and_costs_little() {
    let mut world = World::of(5);
    world.pass(Duration::from_secs(10));
    let (datagrams, wakes) = (world.datagrams, world.wakes);
    let minutes = 5;
    world.pass(Duration::from_mins(minutes));
    assert!(world.all_see_all());
    let seconds = minutes * 60 * 5;
    let per_second = |total: u64| f64::from(u32::try_from(total / seconds * 10).unwrap()) / 10.0;
    let (datagrams, wakes) = (world.datagrams - datagrams, world.wakes - wakes);
    // A probe and a look at the ward each second, and as many answers.
    assert!(
        datagrams <= seconds * 4 + 50,
        "{} per agent and second",
        per_second(datagrams)
    );
    assert!(
        wakes <= seconds * 3 + 50,
        "{} per agent and second",
        per_second(wakes)
    );
}

#[test]
fn a_quarter_of_all_datagrams_may_be_lost_without_a_false_failure() {
    let mut world = World::of(20);
    world.loss_percent = 25;
    let fell = world.until(Duration::from_mins(2), |world| {
        (1..=20).any(|n| {
            let members = world.members(n);
            members
                .values()
                .any(|status| *status != MemberStatus::Alive)
        })
    });
    assert_eq!(fell, None, "somebody was seen as failed");
}

#[test]
fn who_hears_no_datagram_but_answers_streams_has_not_failed() {
    let mut world = World::of(3);
    world.loss_percent = 100;
    world.pass(Duration::from_secs(30));
    assert!(world.all_see_all());
}

#[test]
fn a_torn_pool_is_whole_again_within_ten_seconds() {
    let mut world = World::of(6);
    world.pass(Duration::from_secs(5));
    for a in 1..=3 {
        for b in 4..=6 {
            world.cut(a, b);
        }
    }
    world.pass(Duration::from_secs(90));
    assert_eq!(world.status(1, "s6"), Some(MemberStatus::Failed));
    assert_eq!(world.status(6, "s1"), Some(MemberStatus::Failed));
    world.cut.clear();
    let healed = world.until(Duration::from_mins(1), World::all_see_all);
    assert!(healed.unwrap() < Duration::from_secs(10), "{healed:?}");
}

#[test]
fn a_member_that_was_only_cut_off_returns_without_a_restart() {
    let mut world = World::of(3);
    world.pass(Duration::from_secs(5));
    world.cut(3, 1);
    world.cut(3, 2);
    world.pass(Duration::from_secs(30));
    assert_eq!(world.status(1, "s3"), Some(MemberStatus::Failed));
    world
        .step(1, |machine, now| machine.force_leave(now, "s3", false))
        .unwrap();
    assert_eq!(world.status(2, "s3"), Some(MemberStatus::Left));
    world.cut.clear();
    // Left members are not looked for; the one that was cut off looks for the others.
    assert!(
        world
            .until(Duration::from_secs(20), World::all_see_all)
            .is_some()
    );
    // The forced leave was about the life before.
    world.kill(3);
    world.pass(Duration::from_secs(20));
    assert_eq!(world.status(1, "s3"), Some(MemberStatus::Failed));
}

#[test]
fn a_forced_leave_of_a_living_member_has_no_lasting_effect() {
    let mut world = World::of(3);
    let life = world.machines[&addr(3)].swim.identity().life;
    let intent = Intent {
        node_id: NodeId::new(3),
        life,
        kind: IntentKind::Forced,
    };
    world.step(1, |machine, now| {
        machine.begin(now);
        machine.table.lock().hear_intent(intent);
        machine.spread(&News::Intent(intent));
        machine.settle(now);
    });
    world.pass(Duration::from_secs(5));
    assert!(world.all_see_all());
    world.kill(3);
    world.pass(Duration::from_secs(20));
    for number in [1, 2] {
        assert_eq!(world.status(number, "s3"), Some(MemberStatus::Failed));
    }
}

#[test]
fn a_living_agent_that_is_told_to_leave_says_that_it_is_here() {
    let mut world = World::of(3);
    let life = world.machines[&addr(3)].swim.identity().life;
    // The first wrongly believes that the third is down.
    let own = Identity::of(world.machines[&addr(3)].own(), 0);
    world
        .step(1, |machine, now| {
            machine.begin(now);
            machine.feed(vec![foca::Member::down(own)]);
            machine.observe();
            machine.force_leave(now, "s3", true)
        })
        .unwrap();
    assert!(
        world
            .until(Duration::from_secs(10), World::all_see_all)
            .is_some()
    );
    assert!(world.machines[&addr(3)].swim.identity().life > life);
}

#[test]
fn a_leave_is_announced_before_it_happens() {
    let mut world = World::of(5);
    world.pass(Duration::from_secs(5));
    let notice = world.step(5, Machine::begin_leave);
    let all_know = |world: &World| {
        let mut seen = (1..=5).map(|n| world.status(n, "s5"));
        seen.all(|s| s == Some(MemberStatus::Leaving))
    };
    assert!(world.until(notice.wait, all_know).is_some());
    world.step(5, Machine::finish_leave);
    let all_know = |world: &World| {
        let mut seen = (1..=5).map(|n| world.status(n, "s5"));
        seen.all(|s| s == Some(MemberStatus::Left))
    };
    assert!(world.until(Duration::from_secs(1), all_know).is_some());
}

#[test]
fn a_leave_whose_announcement_was_lost_is_still_no_failure() {
    let mut world = World::of(5);
    world.pass(Duration::from_secs(5));
    world.loss_percent = 100;
    let notice = world.step(5, Machine::begin_leave);
    world.pass(notice.wait);
    world.loss_percent = 0;
    world.step(5, Machine::finish_leave);
    let has_failed =
        |world: &World| (1..=4).any(|n| world.status(n, "s5") == Some(MemberStatus::Failed));
    assert_eq!(world.until(Duration::from_secs(5), has_failed), None);
    for number in 1..=4 {
        assert_eq!(world.status(number, "s5"), Some(MemberStatus::Left));
    }
}
