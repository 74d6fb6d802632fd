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

/// A source that has been in its first attempt for so long.
fn asked(name: &str, seconds: u64) -> Source {
    Source {
        doing: Doing::Resolving,
        attempt: 1,
        busy_for: Some(Duration::from_secs(seconds)),
        ..source(name, None)
    }
}

#[test]
fn a_source_in_its_first_attempt_is_looked_at_for_a_moment_before_anything_is_said() {
    let mut facts = failed(Reason::WaitingUnknownPeers, &[Reason::OnlySelf]);
    facts.sources.push(asked("b", 1));
    check([(Reason::Looking, facts.clone())]);
    for source in &mut facts.sources {
        source.attempt = 2;
    }
    check([(Reason::OnlySelf, facts)]);
}

#[test]
fn a_source_that_hangs_hides_no_failure_of_another_and_is_named_beside_it() {
    for failure in [Reason::OnlySelf, Reason::Credentials] {
        let mut facts = failed(Reason::WaitingUnknownPeers, &[failure]);
        facts.sources.push(asked("b", 7));
        let told = decide(&facts);
        assert_eq!(told.reason, failure);
        assert_eq!(told.missing, ["a", "b"]);
        let end = ": a; no answer for 5 s or more from b";
        assert!(told.line.ends_with(end), "{}", told.line);
    }
}

#[test]
fn a_source_that_hangs_alone_is_told_to_do_so() {
    let with = |seconds| Facts {
        sources: vec![asked("a", seconds)],
        ..failed(Reason::WaitingUnknownPeers, &[])
    };
    let lines = [0, 3, 12, 29].map(|seconds| decide(&with(seconds)));
    let plain = format!("{}: a", Reason::Looking.prose());
    assert_eq!(lines[0].line, plain);
    for (said, step) in lines[1..].iter().zip([2, 10, 20]) {
        assert_eq!(said.reason, Reason::Looking);
        let line = format!("{plain}; no answer for {step} s or more from a");
        assert_eq!((&said.line, said.missing.len()), (&line, 1));
    }
}
