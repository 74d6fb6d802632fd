//! Agents that must not meet.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::gossip::{GossipError, RefusedBy};

/// Joins one to another, which must be refused, and gives the conflict that both report.
async fn refused(from: &Gossip, to: &Gossip) -> ConflictKind {
    let mut report = from.join(&[to.local_addr()]).await;
    assert!(report.contacted.is_empty());
    let (addr, error) = report.failed.remove(0);
    assert_eq!(addr, to.local_addr());
    let GossipError::Refused { conflict, .. } = error else {
        panic!("{error:?}");
    };
    let (mine, theirs) = (from.own(), to.own());
    assert_eq!(conflict.ours.node_id, Some(mine.node_id));
    let here = until_conflict(from, conflict.kind).await.conflict;
    assert_eq!(here, *conflict);
    let there = until_conflict(to, conflict.kind).await.conflict;
    assert_eq!(there.theirs.node_id, Some(mine.node_id));
    assert_eq!(there.theirs.addr, mine.gossip_addr);
    assert_eq!(
        status_of(&to.members(), theirs.name.as_str()),
        Some(MemberStatus::Alive)
    );
    conflict.kind
}

#[tokio::test]
async fn agents_of_two_clusters_refuse_each_other_and_say_who() {
    let a = start(Announcement {
        cluster: cluster(1),
        ..word("a1", 1)
    });
    let b = start(Announcement {
        cluster: cluster(2),
        ..word("b1", 2)
    });
    assert_eq!(refused(&b, &a).await, ConflictKind::Cluster);
    let seen = until_conflict(&b, ConflictKind::Cluster).await.conflict;
    assert_eq!(seen.theirs.name, Some("a1".parse().unwrap()));
    assert_eq!(seen.theirs.cluster, cluster(1));
    assert_eq!((a.members().len(), b.members().len()), (1, 1));
    assert_eq!(a.counters().turned_cluster, 1);
}

#[tokio::test]
async fn a_blank_agent_joins_a_cluster_and_a_cluster_a_blank_agent() {
    let member = start(Announcement {
        cluster: cluster(1),
        ..word("a1", 1)
    });
    let (first, second) = (start(word("b1", 2)), start(word("b2", 3)));
    join(&first, &member).await;
    join(&member, &second).await;
    for agent in [&member, &first, &second] {
        until(agent, |members| members.len() == 3).await;
    }
}

#[tokio::test]
async fn a_blank_agent_between_two_clusters_keeps_to_the_first() {
    let a = start(Announcement {
        cluster: cluster(1),
        ..word("a1", 1)
    });
    let b = start(Announcement {
        cluster: cluster(2),
        ..word("b1", 2)
    });
    let blank = start(word("x", 3));
    join(&blank, &a).await;
    let report = blank.join(&[b.local_addr()]).await;
    let GossipError::Refused { conflict, .. } = &report.failed[0].1 else {
        panic!("{report:?}");
    };
    assert_eq!(conflict.kind.code(), "ambiguous-cluster");
    assert_eq!(blank.members().len(), 2);
    until_conflict(&blank, ConflictKind::AmbiguousCluster).await;
}

#[tokio::test]
async fn two_live_agents_of_one_name_refuse_each_other_and_a_third_is_not_disturbed() {
    let (first, third) = (start(word("s1", 1)), start(word("s3", 3)));
    join(&third, &first).await;
    let second = start(word("S1", 2));
    assert_eq!(refused(&second, &first).await, ConflictKind::NodeName);
    let newcomer = start(word("s4", 4));
    let report = newcomer
        .join(&[second.local_addr(), third.local_addr()])
        .await;
    assert!(report.contacted.iter().any(|(_, id)| *id == NodeId::new(3)));
    let members = until(&first, |members| members.len() == 3).await;
    assert_eq!(alive(&members), ["s1", "s3", "s4"]);
}

#[tokio::test]
async fn a_node_id_under_another_name_is_refused() {
    let (first, second) = (start(word("s1", 1)), start(word("s2", 1)));
    assert_eq!(refused(&second, &first).await, ConflictKind::NodeId);
}

#[tokio::test]
async fn a_live_twin_with_the_same_data_directory_is_refused() {
    let first = start(word("s1", 1));
    for generation in [99, 100, 101] {
        let twin = start(Announcement {
            generation,
            ..word("s1", 1)
        });
        assert_eq!(refused(&twin, &first).await, ConflictKind::NodeId);
    }
}

#[tokio::test]
async fn an_agent_and_the_third_that_its_twin_went_to_both_hear_of_it() {
    let (first, third) = (start(word("s1", 1)), start(word("s3", 3)));
    join(&first, &third).await;
    let twin = start(Announcement {
        generation: 101,
        ..word("s1", 1)
    });
    assert_eq!(refused(&twin, &third).await, ConflictKind::NodeId);
    let conflict = until_conflict(&third, ConflictKind::NodeId).await.conflict;
    assert_eq!(conflict.ours.addr, first.local_addr());
    assert_eq!(conflict.theirs.addr, twin.local_addr());
    let conflict = until_conflict(&first, ConflictKind::NodeId).await.conflict;
    assert_eq!(conflict.theirs.addr, twin.local_addr());
    assert_eq!(conflict.refused_by, None);
    // Once the first has answered for itself, the twin knows that both live.
    until_told(&twin, RefusedBy::Other).await;
    assert_eq!(alive(&third.members()), ["s1", "s3"]);
    assert_eq!(third.members()[0].says.gossip_addr, first.local_addr());
    let newcomer = start(word("s4", 4));
    join(&newcomer, &third).await;
    until(&first, |members| alive(members) == ["s1", "s3", "s4"]).await;
}

#[tokio::test]
async fn who_moves_away_from_an_address_that_is_silent_enters_once_it_is_found_failed() {
    let (a, old) = (start(word("s1", 1)), start(word("s2", 2)));
    join(&old, &a).await;
    // Somebody else listens there, and says nothing.
    let silent = old.local_addr();
    old.stop().await;
    let _socket = tokio::net::TcpListener::bind(silent).await.unwrap();
    let new = start(Announcement {
        generation: 101,
        ..word("s2", 2)
    });
    assert_eq!(new.join(&[a.local_addr()]).await.contacted, []);
    let moved = |members: &[Member]| members[1].says.gossip_addr == new.local_addr();
    let members = until(&a, moved).await;
    assert_eq!(alive(&members), ["s1", "s2"]);
    until(&new, |members| alive(members) == ["s1", "s2"]).await;
}

#[tokio::test]
async fn another_datacenter_is_refused_on_both_sides() {
    let here = start(word("s1", 1));
    let there = start(Announcement {
        datacenter: "dc2".parse().unwrap(),
        ..word("s2", 2)
    });
    assert_eq!(refused(&there, &here).await, ConflictKind::Datacenter);
    let seen = until_conflict(&here, ConflictKind::Datacenter).await;
    assert_eq!(
        seen.conflict.to_string(),
        "Member 's2' part of wrong datacenter 'dc2'"
    );
}

#[tokio::test]
async fn a_replacement_takes_the_name_of_a_failed_member_at_once() {
    let (a, old) = (start(word("s1", 1)), start(word("s2", 2)));
    join(&old, &a).await;
    old.stop().await;
    until_status(&a, "s2", MemberStatus::Failed).await;
    let new = start(word("s2", 3));
    join(&new, &a).await;
    until(&a, |members| alive(members).len() == 2).await;
}

#[tokio::test]
async fn somebody_who_talks_at_length_learns_that_he_is_not_heard() {
    let agent = sealed(word("s1", 1), 1);
    let mut stream = TcpStream::connect(agent.local_addr()).await.unwrap();
    let header = [&b"QG\x01\x00"[..], &[0; 16]].concat();
    let chunk = [&16_000_u32.to_be_bytes()[..], &[7; 16_000]].concat();
    stream
        .write_all(&[header, chunk.clone()].concat())
        .await
        .unwrap();
    let mut answer = [0; 20];
    stream.peek(&mut answer).await.unwrap();
    // The complaint is there, and the stream is still open.
    for _ in 0..20 {
        stream.write_all(&chunk).await.unwrap();
    }
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer[..4], *b"QG\x01\x03");
}

#[tokio::test]
async fn without_the_same_key_nobody_joins_and_both_sides_know_why() {
    let make = |key: Option<u8>, name, number| match key {
        Some(key) => sealed(word(name, number), key),
        None => start(word(name, number)),
    };
    let rows = [
        (Some(1), Some(2), "gossip key mismatch with"),
        (None, Some(2), "takes sealed gossip only"),
        (Some(1), None, "gossips without a key"),
    ];
    for (from, to, text) in rows {
        let (from, to) = (make(from, "s1", 1), make(to, "s2", 2));
        let report = from.join(&[to.local_addr()]).await;
        let error = report.failed[0].1.to_string();
        assert!(error.contains(text), "{error}");
        assert_eq!(
            (from.counters().turned_key, to.counters().turned_key),
            (1, 1)
        );
        assert_eq!((from.members().len(), to.members().len()), (1, 1));
    }
}
