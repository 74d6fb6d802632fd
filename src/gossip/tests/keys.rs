//! Streams between agents whose keys are not the same, as in the middle of a change.

use super::*;

/// Joins an agent with some keys to one with others, and gives both.
async fn meet(from: Keys, to: Keys) -> (Gossip, Gossip, Option<String>) {
    let make = |keys, name, number| {
        let config = config(word(name, number));
        Gossip::start(GossipConfig {
            keys: Some(keys),
            ..config
        })
        .unwrap()
    };
    let (from, to) = (make(from, "s1", 1), make(to, "s2", 2));
    let report = from.join(&[to.local_addr()]).await;
    let error = report.failed.first().map(|(_, error)| error.to_string());
    (from, to, error)
}

#[tokio::test]
async fn agents_whose_keys_open_each_other_meet_and_see_the_other_key_in_use() {
    let (old, new) = (keys(1, &[2]), keys(2, &[1]));
    for (from, to) in [(old.clone(), new.clone()), (new, old)] {
        let (from, to, error) = meet(from, to).await;
        assert_eq!(error, None);
        for (agent, other) in [(&from, &to), (&to, &from)] {
            until(agent, |members| alive(members).len() == 2).await;
            let (ours, theirs) = (agent.shown_keys().unwrap(), other.shown_keys().unwrap());
            let (key, seen) = ours.accepted[0];
            assert_eq!(key, theirs.own);
            assert_eq!(seen.unwrap().from, other.local_addr());
        }
    }
}

#[tokio::test]
async fn who_is_heard_and_does_not_hear_is_turned_away_and_both_sides_know_why() {
    for (from, to) in [(keys(1, &[]), keys(2, &[1])), (keys(2, &[1]), keys(1, &[]))] {
        let (from, to, error) = meet(from, to).await;
        let error = error.unwrap();
        let mine = from.shown_keys().unwrap().own;
        assert!(error.contains("gossip key mismatch"), "{error}");
        assert!(error.contains(&format!("(mine {mine})")), "{error}");
        for agent in [from, to] {
            assert_eq!(agent.members().len(), 1);
            assert_ne!(agent.counters().turned_key, 0);
        }
    }
}

#[tokio::test]
async fn new_keys_hold_for_the_next_stream() {
    let (from, to, error) = meet(keys(1, &[]), keys(2, &[])).await;
    assert!(error.unwrap().contains("gossip key mismatch"));
    to.renew_keys(keys(1, &[]));
    join(&from, &to).await;
}
