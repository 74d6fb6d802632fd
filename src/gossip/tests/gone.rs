//! Agents that leave, die, and return.

use super::*;

/// Agents that all see each other.
async fn pool(count: u16) -> Vec<Gossip> {
    let agents: Vec<Gossip> = (1..=count)
        .map(|n| start(word(&format!("s{n}"), n)))
        .collect();
    for agent in &agents[1..] {
        join(agent, &agents[0]).await;
    }
    for agent in &agents {
        until(agent, |members| alive(members).len() == usize::from(count)).await;
    }
    agents
}

/// Notes every status that a member is seen in, until the last one is the given.
fn statuses(
    gossip: &Gossip,
    name: &'static str,
    last: MemberStatus,
) -> tokio::task::JoinHandle<Vec<MemberStatus>> {
    let mut members = gossip.watch();
    tokio::spawn(async move {
        let mut seen = Vec::new();
        loop {
            seen.extend(status_of(&members.borrow_and_update(), name));
            if seen.last() == Some(&last) {
                seen.dedup();
                return seen;
            }
            members.changed().await.unwrap();
        }
    })
}

#[tokio::test]
async fn a_leave_is_never_seen_as_a_failure() {
    let agents = pool(4).await;
    let seen: Vec<_> = agents[..3]
        .iter()
        .map(|agent| statuses(agent, "s4", MemberStatus::Left))
        .collect();
    agents[3].leave().await;
    agents[3].stop().await;
    for statuses in seen {
        let statuses = timeout(DEADLINE, statuses).await.unwrap().unwrap();
        assert!(!statuses.contains(&MemberStatus::Failed), "{statuses:?}");
    }
    assert_eq!(
        status_of(&agents[3].members(), "s4"),
        Some(MemberStatus::Left)
    );
}

#[tokio::test]
async fn who_is_killed_is_seen_as_failed_by_all() {
    let agents = pool(3).await;
    agents[2].stop().await;
    for agent in &agents[..2] {
        until_status(agent, "s3", MemberStatus::Failed).await;
    }
    assert_eq!(agents[0].counters().failed, 1);
}

#[tokio::test]
async fn who_left_and_returns_in_a_new_life_is_alive() {
    let agents = pool(3).await;
    agents[2].leave().await;
    agents[2].stop().await;
    until_status(&agents[0], "s3", MemberStatus::Left).await;
    let returned = start(Announcement {
        generation: 101,
        ..word("s3", 3)
    });
    join(&returned, &agents[1]).await;
    for agent in &agents[..2] {
        until_status(agent, "s3", MemberStatus::Alive).await;
    }
}

#[tokio::test]
async fn nobody_joins_with_or_through_an_agent_that_left() {
    let agents = pool(2).await;
    agents[1].leave().await;
    let out = agents[1].join(&[agents[0].local_addr()]).await;
    assert!(matches!(
        out.failed[0].1,
        crate::gossip::GossipError::Stopped
    ));
    let late = start(word("s3", 3));
    let into = late.join(&[agents[1].local_addr()]).await;
    assert!(matches!(
        into.failed[0].1,
        crate::gossip::GossipError::LeavingThere { .. }
    ));
    assert_eq!(late.members().len(), 1);
}

#[tokio::test]
async fn a_failed_member_is_made_to_leave_for_everybody() {
    let agents = pool(3).await;
    agents[2].stop().await;
    for agent in &agents[..2] {
        until_status(agent, "s3", MemberStatus::Failed).await;
    }
    agents[0].force_leave("S3", false).unwrap();
    for agent in &agents[..2] {
        until_status(agent, "s3", MemberStatus::Left).await;
    }
}

#[tokio::test]
async fn a_pruned_member_is_forgotten_by_everybody_and_may_return() {
    let agents = pool(3).await;
    agents[2].stop().await;
    for agent in &agents[..2] {
        until_status(agent, "s3", MemberStatus::Failed).await;
    }
    agents[0].force_leave("s3", true).unwrap();
    for agent in &agents[..2] {
        until(agent, |members| members.len() == 2).await;
    }
    let newcomer = start(word("s4", 4));
    join(&newcomer, &agents[1]).await;
    assert_eq!(newcomer.members().len(), 3, "forgotten for newcomers too");
    let returned = start(Announcement {
        generation: 101,
        ..word("s3", 3)
    });
    join(&returned, &agents[1]).await;
    until_status(&agents[0], "s3", MemberStatus::Alive).await;
}

#[tokio::test]
async fn a_member_that_lives_is_not_disturbed_by_a_forced_leave() {
    let agents = pool(2).await;
    agents[0].force_leave("s2", false).unwrap();
    agents[0].force_leave("s2", true).unwrap();
    assert_eq!(alive(&agents[0].members()), ["s1", "s2"]);
    let error = agents[0].force_leave("s9", false).unwrap_err();
    assert_eq!(error.to_string(), "No node found with name 's9'");
}

#[tokio::test]
async fn the_room_ends_when_it_is_stopped() {
    let agent = start(word("s1", 1));
    agent.stop().await;
    timeout(DEADLINE, agent.ended()).await.unwrap();
    let again = start(Announcement {
        gossip_addr: agent.local_addr(),
        ..word("s1", 1)
    });
    drop(again);
    let config = GossipConfig {
        bind: agent.local_addr(),
        ..config(word("s1", 1))
    };
    drop(agent);
    assert!(Gossip::start(config).is_ok(), "the port is free again");
}

#[tokio::test]
async fn who_has_the_address_of_a_suspect_now_is_not_drawn_into_its_cluster() {
    let of_cluster = |name, number| {
        start(Announcement {
            cluster: cluster(1),
            ..word(name, number)
        })
    };
    let (asker, dead) = (of_cluster("s1", 1), of_cluster("s2", 2));
    join(&dead, &asker).await;
    until(&asker, |members| alive(members).len() == 2).await;
    let bind = dead.local_addr();
    dead.stop().await;
    drop(dead);
    let blank = Gossip::start(GossipConfig {
        bind,
        ..config(word("blank", 3))
    })
    .unwrap();
    // It is called and asked at the address that the blank agent has now.
    until_status(&asker, "s2", MemberStatus::Failed).await;
    assert_eq!(alive(&blank.members()), ["blank"]);
    assert_eq!(alive(&asker.members()), ["s1"]);
}
