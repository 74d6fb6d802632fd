//! Which of two reasons goes first.

use super::*;

#[test]
fn where_two_rules_hold_the_one_that_says_more_goes_first() {
    let both = Facts {
        refusal: Some(said(Reason::NameConflict, &[])),
        ambiguity: Some(said(Reason::AmbiguousCluster, &[])),
        ..server()
    };
    let led = Facts {
        tls_called: Some(said(Reason::TlsMismatch, &["s2"])),
        ..member(true, false)
    };
    let called = Facts {
        sources: vec![source("a", Some(Reason::DiscoveryFailed))],
        is_called_with_another_key: true,
        ..server()
    };
    let failing = Facts {
        sources: vec![source("a", Some(Reason::Misconfigured))],
        ..server()
    };
    check([
        (Reason::NameConflict, both),
        (Reason::Formed, led),
        (Reason::KeyMismatch, called),
        (
            Reason::ClusterConflict,
            refusing(failing, Reason::ClusterConflict),
        ),
    ]);
}

#[test]
fn of_any_two_failures_the_one_that_more_can_be_done_about_is_told() {
    let in_order = [
        Reason::Misconfigured,
        Reason::Credentials,
        Reason::Throttled,
        Reason::DiscoveryFailed,
        Reason::DiscoveryTimeout,
        Reason::DiscoveryGaps,
        Reason::DiscoveryEmpty,
        Reason::KeyMismatch,
        Reason::PeersUnreachable,
        Reason::OnlySelf,
    ];
    for two in in_order.windows(2) {
        for [a, b] in [[0, 1], [1, 0]] {
            let facts = Facts {
                sources: vec![source("a", Some(two[a])), source("b", Some(two[b]))],
                ..server()
            };
            check([(two[0], facts)]);
        }
    }
}
