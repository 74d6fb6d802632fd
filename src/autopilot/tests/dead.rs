//! When the dead are taken out, and when they stay.

use super::*;

#[test]
fn a_dead_voter_goes_when_a_learner_is_ready_and_not_before() {
    assert_eq!(mourning(3, 1, 0).duty(), None);
    let (course, view) = carried_out(mourning(3, 1, 1));
    assert_eq!(course, [2, 3]);
    assert!(view.peers.iter().all(|peer| peer.is_answering));
    let mut early = mourning(3, 1, 1);
    early.stable.clear();
    assert_eq!(early.duty(), None);
}

#[test]
fn two_dead_of_five_are_replaced_at_the_same_quorum() {
    let (course, view) = carried_out(mourning(5, 2, 2));
    assert_eq!(course, [4, 5, 4, 5]);
    assert!(view.peers.iter().all(|peer| peer.is_answering));
    assert_eq!(carried_out(mourning(5, 2, 1)).0, [4, 5], "one for one");
}

#[test]
fn learners_beyond_the_dead_make_the_cluster_larger() {
    assert_eq!(carried_out(mourning(3, 1, 2)).0, [2, 3, 4]);
    assert_eq!(carried_out(mourning(3, 0, 2)).0, [4, 5]);
}

#[test]
fn a_dead_voter_that_is_spare_goes_and_no_further_one() {
    let mut view = mourning(5, 2, 0);
    assert_eq!(view.duty(), None);
    view.expected = Some(4);
    assert_eq!(carried_out(view.clone()).0, [4]);
    view.expected = None;
    assert_eq!(view.duty(), None);
    view = mourning(4, 1, 0);
    view.expected = None;
    assert_eq!(
        carried_out(view).0,
        [3],
        "four stand no more failures than three"
    );
}

#[test]
fn without_a_quorum_nobody_is_removed() {
    for (voters, dead) in [(2, 1), (4, 2), (5, 3)] {
        let mut view = mourning(voters, dead, 0);
        view.expected = Some(1);
        assert_eq!(view.duty(), None);
    }
}

#[test]
fn a_dead_voter_stays_while_too_few_of_the_others_are_seen_alive() {
    let mut view = mourning(5, 1, 0);
    view.expected = Some(4);
    assert!(matches!(view.duty(), Some(Duty::Remove { .. })));
    // Raft still hears two that gossip has given up.
    for n in [2, 3] {
        view.servers[n].status = MemberStatus::Failed;
    }
    assert_eq!(view.duty(), None);
}

#[test]
fn a_leader_never_takes_itself_for_dead() {
    let mut view = mourning(3, 0, 1);
    view.servers.remove(0);
    view.peers[0].is_answering = false;
    assert_eq!(view.duty(), Some(Duty::Promote(RaftId::new(4))));
}

#[test]
fn a_voter_that_gossip_or_raft_still_hears_is_not_dead() {
    let mut view = mourning(3, 1, 1);
    view.peers[2].is_answering = true;
    assert_eq!(view.duty(), Some(Duty::Promote(RaftId::new(4))));
    view.peers[2].is_answering = false;
    view.servers[2].status = MemberStatus::Alive;
    assert_eq!(view.duty(), Some(Duty::Promote(RaftId::new(4))));
}

#[test]
fn without_clean_up_no_dead_server_goes_and_learners_come() {
    let mut view = mourning(5, 2, 1);
    view.config.cleanup_dead_servers = false;
    assert_eq!(carried_out(view.clone()).0, [6]);
    view.expected = Some(3);
    assert_eq!(carried_out(view).0, [6]);
}

#[test]
fn the_voters_are_never_fewer_than_min_quorum() {
    let mut view = mourning(5, 2, 2);
    view.config.min_quorum = 5;
    let (course, view) = carried_out(view);
    assert_eq!(course, [6, 5, 6, 5], "the new one first");
    assert!(view.peers.iter().all(|peer| peer.is_answering));
    let mut spare = mourning(5, 2, 0);
    spare.expected = Some(3);
    assert_eq!(carried_out(spare.clone()).0, [4, 3]);
    spare.config.min_quorum = 4;
    assert_eq!(carried_out(spare).0, [4]);
}

#[test]
fn a_dead_learner_goes_at_once() {
    let mut view = mourning(3, 0, 1);
    view.stable.clear();
    view.servers[3].status = MemberStatus::Failed;
    assert_eq!(view.duty(), None, "raft still hears it");
    view.peers[3].is_answering = false;
    let raft_id = RaftId::new(4);
    let cause = Cause::Dead;
    assert_eq!(view.duty(), Some(Duty::Remove { raft_id, cause }));
    view.config.cleanup_dead_servers = false;
    assert_eq!(view.duty(), None);
}
