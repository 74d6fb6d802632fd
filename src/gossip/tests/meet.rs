//! Agents that find each other.

use tokio::time::Instant;

use super::*;

#[tokio::test]
async fn three_that_join_see_each_other() {
    let agents: Vec<Gossip> = (1..=3_u16)
        .map(|n| start(word(&format!("s{n}"), n)))
        .collect();
    join(&agents[1], &agents[0]).await;
    join(&agents[2], &agents[0]).await;
    for agent in &agents {
        let members = until(agent, |members| members.len() == 3).await;
        assert_eq!(alive(&members), ["s1", "s2", "s3"]);
    }
}

#[tokio::test]
async fn a_newcomer_is_known_to_those_it_did_not_join_within_moments() {
    let agents: Vec<Gossip> = (1..=3_u16)
        .map(|n| start(word(&format!("s{n}"), n)))
        .collect();
    join(&agents[1], &agents[0]).await;
    let joined = Instant::now();
    join(&agents[2], &agents[0]).await;
    until(&agents[1], |members| members.len() == 3).await;
    // A tenth of the interval of plain gossip would do; a busy machine gets ten times that.
    assert!(
        joined.elapsed() < Duration::from_millis(200),
        "{:?}",
        joined.elapsed()
    );
}

#[tokio::test]
async fn who_joins_two_strangers_brings_them_together() {
    let agents: Vec<Gossip> = (1..=3_u16)
        .map(|n| start(word(&format!("s{n}"), n)))
        .collect();
    let addrs = [agents[0].local_addr(), agents[2].local_addr()];
    let report = agents[1].join(&addrs).await;
    assert_eq!(
        report.contacted,
        [(addrs[0], NodeId::new(1)), (addrs[1], NodeId::new(3))]
    );
    for agent in &agents {
        until(agent, |members| members.len() == 3).await;
    }
}

#[tokio::test]
async fn ones_own_address_is_no_contact() {
    let agent = start(word("s1", 1));
    let report = agent.join(&[agent.local_addr()]).await;
    assert_eq!(report.own, [agent.local_addr()]);
    assert!(report.contacted.is_empty() && report.failed.is_empty());
    assert_eq!(agent.members().len(), 1);
}

#[tokio::test]
async fn an_address_given_twice_is_joined_once() {
    let (a, b) = (start(word("s1", 1)), start(word("s2", 2)));
    let report = a.join(&[b.local_addr(), b.local_addr()]).await;
    assert_eq!(report.contacted.len(), 1);
}

#[tokio::test]
async fn a_list_that_comes_by_push_pull_shows_whole_or_not_at_all() {
    let old: Vec<Gossip> = (1..=8_u16)
        .map(|n| start(word(&format!("s{n}"), n)))
        .collect();
    for agent in &old[1..] {
        join(agent, &old[0]).await;
    }
    until(&old[0], |members| members.len() == 8).await;

    let newcomer = start(word("s9", 9));
    let mut list = newcomer.watch();
    let sizes = tokio::spawn(async move {
        let mut sizes = vec![list.borrow_and_update().len()];
        while sizes.last() != Some(&9) {
            list.changed().await.unwrap();
            sizes.push(list.borrow_and_update().len());
        }
        sizes
    });
    join(&newcomer, &old[0]).await;
    let sizes = timeout(DEADLINE, sizes).await.unwrap().unwrap();
    assert_eq!(sizes, [1, 9]);
}

#[tokio::test]
async fn what_a_member_says_anew_reaches_all() {
    let agents: Vec<Gossip> = (1..=4_u16)
        .map(|n| start(word(&format!("s{n}"), n)))
        .collect();
    for agent in &agents[1..] {
        join(agent, &agents[0]).await;
    }
    for agent in &agents {
        until(agent, |members| members.len() == 4).await;
    }
    agents[3]
        .announce(|says| says.cluster = cluster(1))
        .unwrap();
    for agent in &agents {
        until(agent, |members| members[3].says.cluster == cluster(1)).await;
    }
}

#[tokio::test]
async fn sealed_agents_meet_and_gossip() {
    let agents: Vec<Gossip> = (1..=3_u16)
        .map(|n| sealed(word(&format!("s{n}"), n), 7))
        .collect();
    join(&agents[1], &agents[0]).await;
    join(&agents[2], &agents[0]).await;
    for agent in &agents {
        until(agent, |members| alive(members).len() == 3).await;
        let counters = agent.counters();
        assert_eq!((counters.encrypted, counters.turned_key), (true, 0));
    }
}

#[tokio::test]
async fn who_restarts_elsewhere_is_the_same_member_at_the_new_address() {
    let (a, old) = (start(word("s1", 1)), start(word("s2", 2)));
    join(&old, &a).await;
    old.stop().await;
    let new = start(Announcement {
        generation: 101,
        ..word("s2", 2)
    });
    join(&new, &a).await;
    let members = until(&a, |members| {
        members[1].says.gossip_addr == new.local_addr()
    })
    .await;
    assert_eq!(alive(&members), ["s1", "s2"]);
    assert!(a.conflicts().borrow().is_empty());
}
