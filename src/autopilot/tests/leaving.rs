//! Who is taken out because it left or because an operator said so.

use super::*;

#[test]
fn a_peer_that_left_is_removed_but_never_the_leader_itself() {
    let mut view = calm();
    view.servers[1].status = MemberStatus::Left;
    let raft_id = RaftId::new(2);
    assert_eq!(
        view.duty(),
        Some(Duty::Remove {
            raft_id,
            cause: Cause::Left
        })
    );
    view.own = raft_id;
    assert_eq!(view.duty(), None);
}

#[test]
fn a_voter_whose_leave_would_cost_the_rest_its_quorum_stays() {
    let mut view = calm();
    view.servers[1].status = MemberStatus::Left;
    view.servers[2].status = MemberStatus::Failed;
    assert_eq!(view.duty(), None);
    view.servers[2].status = MemberStatus::Alive;
    assert!(matches!(view.duty(), Some(Duty::Remove { .. })));
}

#[test]
fn voters_that_leave_at_once_are_taken_out_while_they_still_answer() {
    let mut view = calm();
    for server in &mut view.servers[1..] {
        server.status = MemberStatus::Left;
    }
    let removes = |view: &View, n| {
        let cause = Cause::Left;
        let raft_id = RaftId::new(n);
        view.duty() == Some(Duty::Remove { raft_id, cause })
    };
    assert!(removes(&view, 2), "{:?}", view.duty());
    view.peers[2].is_answering = false;
    assert!(
        removes(&view, 3),
        "its vote, and not the one that still answers"
    );
    view.peers[1].is_answering = false;
    assert_eq!(view.duty(), None);
}

#[test]
fn a_leader_that_leaves_itself_takes_the_other_leavers_out() {
    let mut view = calm();
    for server in &mut view.servers[..2] {
        server.status = MemberStatus::Left;
    }
    let cause = Cause::Left;
    let raft_id = RaftId::new(2);
    assert_eq!(view.duty(), Some(Duty::Remove { raft_id, cause }));
}

#[test]
fn what_an_operator_said_and_nobody_did_is_done() {
    for id in [2, 1] {
        let mut view = calm();
        let raft_id = RaftId::new(id);
        view.removed.insert(raft_id);
        let cause = Cause::Removed;
        assert_eq!(view.duty(), Some(Duty::Remove { raft_id, cause }), "{id}");
        view.servers[2].status = MemberStatus::Failed;
        assert_eq!(view.duty(), None, "{id}: the rest would have no quorum");
    }
}
