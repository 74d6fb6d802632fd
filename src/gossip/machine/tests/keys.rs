//! Keys that change while datagrams go to and fro. Streams have no seal in this world.

use super::*;
use crate::gossip::key::{Fingerprint, Key};
use crate::gossip::keys::{KeyUse, Keys};

/// So long that everybody speaks to everybody.
const WHILE: Duration = Duration::from_secs(10);

fn key(byte: u8) -> Key {
    Key::new(&[byte; 32]).unwrap()
}

fn keys(own: u8, accepted: &[u8]) -> Keys {
    Keys::new(key(own), accepted.iter().copied().map(key).collect())
}

/// Three agents with the key 1.
fn three() -> World {
    let mut world = World::new();
    for number in 1..=3 {
        let says = says(&format!("s{number}"), number);
        world.start_behind(Door::new(Some(keys(1, &[]))), says);
        if number > 1 {
            world.exchange(addr(number), addr(1)).unwrap();
        }
    }
    world.pass(WHILE);
    world
}

/// Gives the agents other keys, one after the other, and sees that nobody is ever missed.
fn renew(world: &mut World, numbers: impl IntoIterator<Item = u16>, keys: &Keys) {
    for number in numbers {
        world.step(number, |machine, _| machine.renew_keys(keys.clone()));
        assert_eq!(world.until(WHILE, |world| !world.all_see_all()), None);
    }
}

fn turned(world: &World) -> u64 {
    let machines = world.machines.values();
    machines.map(|machine| machine.counters().turned_key).sum()
}

/// What an agent shows of the keys that do not seal there.
fn uses(world: &World, number: u16) -> Vec<(Fingerprint, Option<KeyUse>)> {
    let shown = world.machines[&addr(number)].shown_keys().unwrap();
    shown.accepted
}

#[test]
fn a_key_is_changed_in_three_rounds_and_every_datagram_is_opened() {
    let mut world = three();
    for (own, accepted) in [(1, &[2][..]), (2, &[1]), (2, &[])] {
        renew(&mut world, 1..=3, &keys(own, accepted));
    }
    assert_eq!(turned(&world), 0);
    let shown = world.machines[&addr(1)].shown_keys().unwrap();
    assert_eq!((shown.own, shown.accepted), (key(2).fingerprint(), vec![]));
}

#[test]
fn a_key_that_is_changed_without_rounds_is_not_opened() {
    let mut world = three();
    world.step(1, |machine, _| machine.renew_keys(keys(2, &[])));
    world.pass(WHILE);
    assert_ne!(turned(&world), 0);
}

#[test]
fn who_still_seals_with_the_old_key_is_seen_until_he_does_not() {
    let mut world = three();
    renew(&mut world, 1..=3, &keys(1, &[2]));
    let (old, new) = (key(1).fingerprint(), key(2).fingerprint());
    assert_eq!(uses(&world, 1), [(new, None)]);
    renew(&mut world, 1..=2, &keys(2, &[1]));
    let [(shown, Some(seen))] = uses(&world, 1)[..] else {
        panic!("{:?}", uses(&world, 1));
    };
    assert_eq!((shown, seen.from), (old, addr(3)));
    assert!(world.now - seen.last < Duration::from_secs(3));
    let counted = world.machines[&addr(1)].counters();
    assert!(counted.opened_by_accepted_key >= seen.count);

    world.step(3, |machine, _| machine.renew_keys(keys(2, &[1])));
    let before = uses(&world, 1);
    world.pass(WHILE);
    assert_eq!(uses(&world, 1), before);
    // It goes with its key.
    renew(&mut world, 1..=1, &keys(2, &[]));
    renew(&mut world, 1..=1, &keys(2, &[1]));
    assert_eq!(uses(&world, 1), [(old, None)]);
}
