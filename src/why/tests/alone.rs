//! Why nobody was found.

use super::super::*;
use super::{check, failed, said, server, source};

/// What is told, what the founding waits for, and what became of the sources.
type Row = (Reason, Reason, &'static [Reason]);

#[test]
fn while_alone_the_failure_that_most_can_be_done_about_is_told() {
    use Reason::{
        Credentials, DiscoveryEmpty, DiscoveryFailed, DiscoveryGaps, DiscoveryTimeout,
        FoundNotAsked, Misconfigured, OnlySelf, PeersUnreachable, Throttled, WaitingForServers,
        WaitingUnknownPeers,
    };
    let rows: [Row; 11] = [
        (
            Credentials,
            WaitingUnknownPeers,
            &[OnlySelf, Credentials, DiscoveryEmpty],
        ),
        (
            Misconfigured,
            WaitingUnknownPeers,
            &[Credentials, Misconfigured],
        ),
        (
            Throttled,
            WaitingUnknownPeers,
            &[DiscoveryFailed, Throttled],
        ),
        (
            DiscoveryFailed,
            WaitingUnknownPeers,
            &[DiscoveryFailed, PeersUnreachable],
        ),
        (
            DiscoveryTimeout,
            WaitingUnknownPeers,
            &[DiscoveryTimeout, DiscoveryEmpty],
        ),
        (
            DiscoveryGaps,
            WaitingUnknownPeers,
            &[DiscoveryEmpty, DiscoveryGaps],
        ),
        (
            DiscoveryEmpty,
            WaitingForServers,
            &[DiscoveryEmpty, OnlySelf],
        ),
        (OnlySelf, WaitingForServers, &[OnlySelf]),
        // The founding names the silent addresses itself.
        (
            WaitingUnknownPeers,
            WaitingUnknownPeers,
            &[OnlySelf, PeersUnreachable],
        ),
        (
            PeersUnreachable,
            FoundNotAsked,
            &[OnlySelf, PeersUnreachable],
        ),
        (WaitingForServers, WaitingForServers, &[]),
    ];
    check(rows.map(|(expected, waits, failures)| (expected, failed(waits, failures))));
    let named = decide(&failed(WaitingForServers, &[OnlySelf, OnlySelf]));
    assert_eq!(named.line, "only this agent itself was found: a, b");
}

#[test]
fn beside_others_a_source_is_the_reason_only_if_nothing_else_is_waited_for() {
    let waits = |missing: &[&str]| Facts {
        is_alone: false,
        founding: Some(said(Reason::WaitingUnknownPeers, missing)),
        sources: vec![source("a", Some(Reason::Credentials))],
        ..server()
    };
    check([
        (Reason::Credentials, waits(&["a"])),
        (Reason::WaitingUnknownPeers, waits(&["a", "s3"])),
        (Reason::WaitingUnknownPeers, waits(&["s3"])),
    ]);
}

#[test]
fn a_source_in_its_first_attempt_is_looked_at_before_anything_is_said_of_it() {
    let mut facts = failed(Reason::WaitingUnknownPeers, &[Reason::OnlySelf]);
    facts.sources.push(Source {
        doing: Doing::Resolving,
        attempt: 1,
        ..source("b", None)
    });
    check([(Reason::Looking, facts.clone())]);
    for source in &mut facts.sources {
        source.attempt = 2;
    }
    check([(Reason::OnlySelf, facts)]);
}
