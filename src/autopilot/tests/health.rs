//! Who is healthy and for how long, how many may fail, and what is told of a lost quorum.

use super::*;

#[test]
fn a_lost_quorum_is_told_with_names_and_with_a_way_out() {
    let mut view = calm();
    let lost = |view: &View, deaf: &[u128]| {
        let deaf = deaf.iter().copied().map(RaftId::new).collect();
        quorum_lost(&view.peers, &view.servers, &deaf)
    };
    assert_eq!(lost(&view, &[]), None);
    assert_eq!(lost(&view, &[3]), None);
    view.servers[1].status = MemberStatus::Failed;
    assert_eq!(lost(&view, &[]), None);
    assert_eq!(lost(&view, &[2]), None);
    let told = lost(&view, &[2, 3]).unwrap().to_string();
    let wanted = "2 of 3 voters are missing: s2 (does not answer), \
                  s3 (is there, and its server port does not answer); look whether";
    assert!(told.starts_with(wanted), "{told}");
    view.servers[2].raft_id = RaftId::new(9);
    let told = lost(&view, &[]).unwrap().to_string();
    let wanted = "2 of 3 voters are missing: s2 (does not answer), s3 (is here with another disk); \
                  start those";
    assert!(told.starts_with(wanted), "{told}");
    assert!(
        told.contains("`quorate operator raft recover --plan`"),
        "{told}"
    );
    view.peers.clear();
    assert_eq!(lost(&view, &[]), None, "a blank server lost nothing");
}

#[test]
fn a_break_in_health_starts_the_clock_again() {
    let (id, at) = (RaftId::new(4), Duration::from_secs);
    let mut stability = Stability::default();
    let health = |is_healthy| ServerHealth {
        raft_id: id,
        is_voter: false,
        is_healthy,
    };
    stability.observe(at(0), &[health(true)]);
    assert_eq!(stability.stable(at(9), at(10)), []);
    stability.observe(at(10), &[health(true)]);
    assert_eq!(stability.stable(at(10), at(10)), [id]);
    stability.observe(at(11), &[health(false)]);
    assert_eq!(
        stability.stable(at(30), at(10)),
        [],
        "ill for long is not stable"
    );
    assert_eq!(stability.since(id), Some(at(11)));
    stability.observe(at(12), &[health(true)]);
    assert_eq!(stability.stable(at(20), at(10)), []);
    stability.observe(at(23), &[]);
    assert_eq!(stability.since(id), None);
}

#[test]
fn a_server_is_ill_that_is_silent_behind_or_gone_and_the_leader_never_is() {
    let healthy = |view: &View| {
        let health = view.health();
        assert_eq!(health[0].raft_id, view.own);
        health
            .iter()
            .map(|server| server.is_healthy)
            .collect::<Vec<_>>()
    };
    let mut view = calm();
    view.peers[0].last_answer = None;
    assert_eq!(healthy(&view), [true; 3]);
    let millis = |millis| Some(Duration::from_millis(millis));
    view.peers[1].last_answer = millis(500);
    assert_eq!(healthy(&view), [true; 3], "200 ms and two heartbeats");
    view.peers[1].last_answer = millis(501);
    view.peers[2].matched = 749;
    assert_eq!(healthy(&view), [true, false, false]);
    view.config.last_contact_threshold = Duration::from_secs(1);
    view.config.max_trailing_logs = 251;
    assert_eq!(healthy(&view), [true; 3]);
    view.servers[1].status = MemberStatus::Failed;
    view.peers[2].last_answer = None;
    assert_eq!(healthy(&view), [true, false, false]);
}

#[test]
fn the_tolerance_counts_healthy_voters_beyond_a_majority() {
    let tolerance =
        |voters, dead, learners| failure_tolerance(&mourning(voters, dead, learners).health());
    assert_eq!(tolerance(5, 0, 0), 2);
    assert_eq!(tolerance(5, 1, 0), 1);
    assert_eq!(tolerance(5, 3, 0), 0);
    assert_eq!(tolerance(4, 0, 0), 1);
    assert_eq!(tolerance(3, 0, 2), 1, "learners count for nothing");
    assert_eq!(tolerance(1, 0, 0), 0);
}
