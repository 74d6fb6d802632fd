//! The words of a wait: codes are unique, and a sentence stays short however long a list is.

use super::super::*;

#[test]
fn a_sentence_spells_out_a_few_names_and_counts_the_rest() {
    let names = |n: u32| (0..n).map(|i| format!("s{i}").parse().unwrap()).collect();
    let waiting = |n| Waiting::Servers {
        here: names(n),
        expect: 99,
    };
    assert_eq!(waiting(2).to_string(), "2 of 99 servers are here: s0, s1");
    let many = "20 of 99 servers are here: s0, s1, s2, s3, s4, s5, s6, s7, 12 more";
    assert_eq!(waiting(20).to_string(), many);
}

#[test]
fn unknown_peers_are_told_by_kind() {
    let waiting = Waiting::UnknownPeers {
        silent: vec!["s3".parse().unwrap()],
        unreached: vec!["10.0.0.9:8301".parse().unwrap()],
        sources: Vec::new(),
    };
    assert_eq!(
        waiting.to_string(),
        "these may be in a cluster and give no answer: servers s3; addresses 10.0.0.9:8301"
    );
}

#[test]
fn a_mismatch_says_who_was_told_what() {
    let waiting = Waiting::Mismatch {
        own: Expectation::Servers(3),
        others: vec![("s2".parse().unwrap(), Expectation::Alone)],
    };
    assert_eq!(waiting.code(), "expect-mismatch");
    assert_eq!(
        waiting.to_string(),
        "this server says bootstrap_expect = 3, s2 says bootstrap = true"
    );
}
