//! How long a claim waits, and whose home is asked.

use super::*;

/// The word of member 2 in its next life, from elsewhere.
fn elsewhere() -> Announcement {
    Announcement {
        generation: 101,
        gossip_addr: says("a", 7).gossip_addr,
        ..says("a", 2)
    }
}

/// Claims member 2 at each of these times, finds it down at the last, and says whether the claim was
/// granted.
fn is_granted(claimed_ms: &[u64], down_ms: u64) -> bool {
    let start = Instant::now();
    let mut table = table_of(says("own", 1), start);
    table.hear(says("a", 2), 0).unwrap();
    for ms in claimed_ms {
        table.set_now(start + Duration::from_millis(*ms));
        assert_eq!(table.hear(elsewhere(), 0), Ok(Heard::Old), "it waits");
    }
    table.set_now(start + Duration::from_millis(down_ms));
    down(&mut table, 2);
    let granted = table.take_chores().granted;
    let now = table.get(NodeId::new(2)).unwrap();
    let is_there = now.says.gossip_addr == elsewhere().gossip_addr;
    assert_eq!(granted, vec![NodeId::new(2); usize::from(is_there)]);
    let expected = if is_there {
        MemberStatus::Alive
    } else {
        MemberStatus::Failed
    };
    assert_eq!(now.status(), expected);
    is_there
}

#[test]
fn a_claim_ends_ten_seconds_after_it_was_last_heard() {
    let check = |claimed: &[u64], down: u64, expected: bool| {
        assert_eq!(is_granted(claimed, down), expected, "{claimed:?} {down}");
    };
    check(&[0], 0, true);
    check(&[0], 10_000, true);
    check(&[0], 10_001, false);
    check(&[0, 8_000], 18_000, true);
    check(&[0, 8_000], 18_001, false);
}

#[test]
fn who_claimed_too_early_is_let_in_when_it_asks_again() {
    let start = Instant::now();
    let mut table = table_of(says("own", 1), start);
    table.hear(says("a", 2), 0).unwrap();
    table.hear(elsewhere(), 0).unwrap();
    table.set_now(start + Duration::from_secs(11));
    down(&mut table, 2);
    assert_eq!(status(&table, 2), Some(MemberStatus::Failed));
    assert_eq!(table.hear(elsewhere(), 0), Ok(Heard::New));
    assert_eq!(status(&table, 2), Some(MemberStatus::Alive));
}

/// A table of an agent that was just started and knew member 2 at its address.
fn with_a_home(start: Instant) -> Table {
    let mut table = table_of(says("own", 1), start);
    table.remember_homes(&[(NodeId::new(2), says("a", 2).gossip_addr)]);
    table
}

#[test]
fn who_speaks_from_elsewhere_waits_until_its_home_was_asked_once() {
    let mut table = with_a_home(Instant::now());
    for _ in 0..2 {
        assert_eq!(table.hear(elsewhere(), 0), Ok(Heard::Old), "it waits");
    }
    let home = (NodeId::new(2), says("a", 2).gossip_addr);
    assert_eq!(table.take_chores().questions, vec![home]);
    assert_eq!(status(&table, 2), None);
    table.leave_home(NodeId::new(2));
    assert_eq!(table.take_chores().granted, vec![NodeId::new(2)]);
    assert_eq!(status(&table, 2), Some(MemberStatus::Alive));
}

#[test]
fn who_is_at_home_keeps_its_node_id_against_a_newer_life_that_spoke_first() {
    let mut table = with_a_home(Instant::now());
    assert_eq!(table.hear(elsewhere(), 0), Ok(Heard::Old));
    assert_eq!(table.hear(says("a", 2), 0), Ok(Heard::New));
    table.leave_home(NodeId::new(2));
    let known = table.get(NodeId::new(2)).unwrap();
    assert_eq!(known.says.gossip_addr, says("a", 2).gossip_addr);
    assert_eq!(table.hear(elsewhere(), 0), Ok(Heard::Old), "a claim");
}

#[test]
fn a_question_that_is_never_asked_keeps_nobody_out() {
    let start = Instant::now();
    let mut table = with_a_home(start);
    assert_eq!(table.hear(elsewhere(), 0), Ok(Heard::Old));
    table.set_now(start + Duration::from_secs(3));
    assert_eq!(table.hear(elsewhere(), 0), Ok(Heard::New));
}
