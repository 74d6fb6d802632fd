use std::time::Duration;

use super::*;

fn server(n: u8) -> Server {
    Server {
        raft_id: RaftId::new(n.into()),
        node_id: NodeId::new(n.into()),
        name: format!("s{n}").parse().unwrap(),
        addr: SocketAddr::from(([127, 0, 0, n], 8300)),
        cluster: None,
        status: MemberStatus::Alive,
    }
}

fn peer(n: u8, is_voter: bool) -> Peer {
    Peer {
        raft_id: RaftId::new(n.into()),
        name: format!("s{n}"),
        addr: SocketAddr::from(([127, 0, 0, n], 8300)),
        is_voter,
        matched: 1000,
        is_answering: true,
        last_answer: Some(Duration::from_millis(100)),
    }
}

/// Three voters, all alive, led by the first.
fn calm() -> View {
    View {
        own: RaftId::new(1),
        cluster: ClusterId::new(7),
        servers: (1..=3).map(server).collect(),
        peers: (1..=3).map(|n| peer(n, true)).collect(),
        last_index: 1000,
        expected: Some(3),
        stable: Vec::new(),
        removed: BTreeSet::new(),
        config: AutopilotConfig::default(),
        heartbeat: Duration::from_millis(150),
    }
}

#[test]
fn a_calm_cluster_asks_for_nothing() {
    assert_eq!(calm().duty(), None);
}

#[test]
fn a_new_server_is_added_as_a_learner() {
    let mut view = calm();
    view.servers.push(server(4));
    assert_eq!(view.duty(), Some(Duty::Add(server(4))));
    view.servers[3].cluster = Some(view.cluster);
    assert!(matches!(view.duty(), Some(Duty::Add(_))));
}

#[test]
fn a_server_of_another_cluster_is_never_touched() {
    let mut view = calm();
    let mut stranger = server(4);
    stranger.cluster = Some(ClusterId::new(8));
    view.servers.push(stranger.clone());
    assert_eq!(view.duty(), None);
    view.peers.push(peer(4, false));
    view.stable.push(stranger.raft_id);
    assert_eq!(view.duty(), None);
}

#[test]
fn a_server_that_is_down_is_neither_added_nor_removed() {
    let mut view = calm();
    view.servers[2].status = MemberStatus::Failed;
    assert_eq!(view.duty(), None);
    view.peers.remove(2);
    assert_eq!(view.duty(), None);
}

#[test]
fn a_learner_is_promoted_once_it_is_stable_and_keeps_up() {
    let mut view = calm();
    view.servers.push(server(4));
    view.peers.push(peer(4, false));
    assert_eq!(view.duty(), None);
    view.stable.push(RaftId::new(4));
    assert_eq!(view.duty(), Some(Duty::Promote(RaftId::new(4))));
    view.peers[3].matched = 1000 - view.config.max_trailing_logs - 1;
    assert_eq!(view.duty(), None);
    view.last_index = 10;
    view.peers[3].matched = 0;
    assert_eq!(view.duty(), None, "it has never answered");
}

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
fn a_wiped_server_replaces_its_former_self_before_it_is_added() {
    let mut view = calm();
    let mut successor = server(9);
    successor.name = "S3".parse().unwrap();
    view.servers[2] = successor.clone();
    let raft_id = RaftId::new(3);
    assert_eq!(
        view.duty(),
        Some(Duty::Remove {
            raft_id,
            cause: Cause::Replaced
        })
    );
    view.peers.remove(2);
    assert_eq!(view.duty(), Some(Duty::Add(successor)));
}

#[test]
fn a_name_taken_by_a_second_alive_server_removes_nobody() {
    let mut view = calm();
    let mut thief = server(9);
    thief.name = "s3".parse().unwrap();
    thief.cluster = Some(ClusterId::new(8));
    view.servers.push(thief);
    assert_eq!(view.duty(), None);
}

/// `voters` servers of which the last `dead` are dead, and so many ready learners.
fn mourning(voters: u8, dead: u8, learners: u8) -> View {
    let mut view = calm();
    view.expected = Some(voters.into());
    view.servers = (1..=voters + learners).map(server).collect();
    view.peers = (1..=voters).map(|n| peer(n, true)).collect();
    for n in voters - dead..voters {
        view.servers[usize::from(n)].status = MemberStatus::Failed;
        view.peers[usize::from(n)].is_answering = false;
    }
    for n in voters + 1..=voters + learners {
        view.peers.push(peer(n, false));
        view.stable.push(RaftId::new(n.into()));
    }
    view
}

/// Does every duty; gives how the number of voters went, and the view at the end.
fn carried_out(mut view: View) -> (Vec<usize>, View) {
    let mut course = Vec::new();
    while let Some(duty) = view.duty() {
        match duty {
            Duty::Remove { raft_id, .. } => view.peers.retain(|peer| peer.raft_id != raft_id),
            Duty::Promote(id) => {
                let learner = view.peers.iter_mut().find(|peer| peer.raft_id == id);
                learner.unwrap().is_voter = true;
            }
            other => panic!("{other:?}"),
        }
        let voters = view.peers.iter().filter(|peer| peer.is_voter);
        course.push(voters.count());
    }
    (course, view)
}

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
fn a_server_that_an_operator_took_out_stays_out_and_one_with_its_name_and_a_new_disk_does_not() {
    let mut view = calm();
    view.servers.push(server(4));
    view.removed.insert(RaftId::new(4));
    assert_eq!(view.duty(), None);
    let mut renewed = server(4);
    renewed.raft_id = RaftId::new(5);
    view.servers.push(renewed.clone());
    assert_eq!(view.duty(), Some(Duty::Add(renewed)));
}

#[test]
fn a_server_that_was_taken_out_as_dead_is_taken_in_again_when_it_is_alive() {
    let (_, mut view) = carried_out(mourning(5, 1, 1));
    let is_in = |peer: &Peer| peer.raft_id == RaftId::new(5);
    assert!(!view.peers.iter().any(is_in));
    view.servers[4].status = MemberStatus::Alive;
    assert_eq!(view.duty(), Some(Duty::Add(server(5))));
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

#[test]
fn a_changed_address_is_followed() {
    let mut view = calm();
    view.servers[1].addr = SocketAddr::from(([127, 0, 0, 99], 8300));
    assert_eq!(view.duty(), Some(Duty::Update(view.servers[1].clone())));
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
