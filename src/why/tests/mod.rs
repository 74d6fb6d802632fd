//! The rules as a table: facts, and the reason that holds.

mod alone;
mod order;
mod refused;
mod unheard;

use super::*;
use crate::types::ClusterId;

/// A server alone, with nothing known.
fn server() -> Facts {
    Facts {
        is_server: true,
        leaving: None,
        removed: None,
        cluster: None,
        is_alone: true,
        is_led: false,
        is_current: false,
        refusal: None,
        ambiguity: None,
        strangers: Vec::new(),
        lacking: 0,
        tls_called: None,
        tls_caller: None,
        is_called_with_another_key: false,
        founding: None,
        voters: Vec::new(),
        not_calling: Vec::new(),
        cut_off: None,
        leader_unreached: None,
        servers: Vec::new(),
        gone: Vec::new(),
        told: None,
        sources: Vec::new(),
    }
}

fn client() -> Facts {
    Facts {
        is_server: false,
        ..server()
    }
}

fn said(reason: Reason, missing: &[&str]) -> Said {
    Said {
        missing: missing.iter().map(|name| (*name).to_owned()).collect(),
        ..Said::plain(reason)
    }
}

/// A server whose founding says this, beside others or alone.
fn founding(reason: Reason, is_alone: bool) -> Facts {
    Facts {
        is_alone,
        founding: Some(said(reason, &[])),
        ..server()
    }
}

fn source(name: &str, failure: Option<Reason>) -> Source {
    Source {
        name: name.to_owned(),
        doing: Doing::Waiting,
        attempt: 2,
        busy_for: None,
        failure,
        error: String::new(),
        refused: Vec::new(),
        failed_ago: None,
        next_in: None,
    }
}

/// Voters s1, s2 and so on at 192.0.2.1 and so on, with which of them are alive.
fn voters(alive: &[bool]) -> Vec<Voter> {
    let numbered = (1_u8..).zip(alive);
    let voter = |(n, is_alive): (u8, &bool)| Voter {
        name: format!("s{n}"),
        ip: [192, 0, 2, n].into(),
        is_alive: *is_alive,
    };
    numbered.map(voter).collect()
}

/// A server that waits and whose sources failed so.
fn failed(waits: Reason, failures: &[Reason]) -> Facts {
    let names = ["a", "b", "c"];
    let failures = names.iter().zip(failures);
    Facts {
        sources: failures
            .map(|(name, failure)| source(name, Some(*failure)))
            .collect(),
        ..founding(waits, true)
    }
}

fn refusing(facts: Facts, reason: Reason) -> Facts {
    refusing_at(facts, reason, &[2])
}

/// At 192.0.2.N an agent refuses for that reason.
fn refusing_at(mut facts: Facts, reason: Reason, hosts: &[u8]) -> Facts {
    let mut refused = source("b", None);
    refused.refused = hosts
        .iter()
        .map(|n| Refused {
            address: format!("192.0.2.{n}:8301"),
            reason,
            error: "no".to_owned(),
        })
        .collect();
    facts.sources.push(refused);
    facts
}

fn member(is_led: bool, is_current: bool) -> Facts {
    Facts {
        cluster: Some(ClusterId::new(7)),
        is_led,
        is_current,
        ..founding(Reason::Formed, false)
    }
}

fn told(facts: Facts, reason: Reason) -> Facts {
    Facts {
        servers: vec!["s1".to_owned()],
        is_alone: false,
        told: Some(Ok(Told {
            by: "192.0.2.1:8300".to_owned(),
            said: said(reason, &["s2"]),
        })),
        ..facts
    }
}

fn check(rows: impl IntoIterator<Item = (Reason, Facts)>) {
    for (expected, facts) in rows {
        assert_eq!(decide(&facts).reason, expected, "{facts:#?}");
    }
}

#[test]
fn what_works_is_not_explained_away_and_the_end_is_told_first() {
    let refused = |facts| Facts {
        is_alone: true,
        refusal: Some(said(Reason::NameConflict, &[])),
        ..facts
    };
    check([
        (Reason::Ready, member(true, true)),
        (Reason::Ready, refused(member(true, true))),
        (
            Reason::Ready,
            refusing(member(true, true), Reason::KeyMismatch),
        ),
        (Reason::NameConflict, refused(member(false, true))),
        (
            Reason::Leaving,
            Facts {
                leaving: Some(Vec::new()),
                ..member(true, true)
            },
        ),
        (
            Reason::Removed,
            Facts {
                removed: Some(said(Reason::Removed, &[])),
                leaving: Some(Vec::new()),
                ..member(false, true)
            },
        ),
    ]);
}

#[test]
fn a_refusal_counts_only_while_nobody_else_took_this_agent_in() {
    let refused = |is_alone| Facts {
        refusal: Some(said(Reason::NodeIdConflict, &[])),
        ..founding(Reason::WaitingForServers, is_alone)
    };
    check([
        (Reason::NodeIdConflict, refused(true)),
        (Reason::WaitingForServers, refused(false)),
    ]);
    let torn = |cluster| Facts {
        ambiguity: Some(said(Reason::AmbiguousCluster, &[])),
        cluster,
        ..founding(Reason::WaitingForServers, false)
    };
    check([
        (Reason::AmbiguousCluster, torn(None)),
        (Reason::NoLeader, torn(Some(ClusterId::new(7)))),
    ]);
}

#[test]
fn in_a_cluster_it_is_the_leader_that_is_missing() {
    let with = |reason| Facts {
        founding: Some(said(reason, &["s2"])),
        voters: voters(&[true, false]),
        ..member(false, true)
    };
    check([
        (Reason::Formed, member(true, false)),
        (Reason::NoLeader, with(Reason::Formed)),
        (Reason::NoLeader, with(Reason::NoLeader)),
        (Reason::QuorumLost, with(Reason::QuorumLost)),
        (Reason::Joining, with(Reason::Joining)),
        (
            Reason::QuorumLost,
            refusing(with(Reason::QuorumLost), Reason::ClusterConflict),
        ),
        (
            Reason::Formed,
            refusing(member(true, false), Reason::KeyMismatch),
        ),
    ]);
    let leaderless = decide(&with(Reason::Formed));
    assert_eq!(leaderless.missing, ["s2"]);
    assert!(leaderless.line.ends_with("s1, s2 (does not answer)"));
}

#[test]
fn what_only_the_founding_can_know_goes_before_what_a_source_says() {
    for reason in [
        Reason::FoundingBlocked,
        Reason::LedgerLost,
        Reason::AmbiguousCluster,
        Reason::Joining,
        Reason::ExpectMismatch,
        Reason::FoundingInProgress,
    ] {
        let facts = refusing(founding(reason, false), Reason::KeyMismatch);
        check([(reason, facts)]);
    }
}

#[test]
fn nobody_getting_through_goes_before_waiting_for_a_proposer() {
    let unreached = |waits| Facts {
        not_calling: vec!["s1".to_owned(), "s2".to_owned()],
        ..founding(waits, false)
    };
    check([
        (Reason::PortUnreached, unreached(Reason::WaitingForProposer)),
        (Reason::PortUnreached, unreached(Reason::WaitingForServers)),
        (
            Reason::WaitingUnknownPeers,
            unreached(Reason::WaitingUnknownPeers),
        ),
        (
            Reason::WaitingForProposer,
            founding(Reason::WaitingForProposer, false),
        ),
    ]);
}

#[test]
fn a_client_says_what_a_server_says() {
    let member = |is_current| Facts {
        cluster: Some(ClusterId::new(7)),
        is_current,
        ..client()
    };
    let gone = |facts| Facts {
        servers: Vec::new(),
        ..facts
    };
    let silent = Facts {
        told: Some(Err("timed out".to_owned())),
        ..told(member(true), Reason::Ready)
    };
    check([
        (Reason::Ready, told(member(true), Reason::Ready)),
        (Reason::Ready, told(member(true), Reason::Formed)),
        (Reason::Formed, told(member(false), Reason::Ready)),
        (Reason::Joining, told(client(), Reason::Ready)),
        (Reason::QuorumLost, told(member(true), Reason::QuorumLost)),
        (
            Reason::WaitingForServers,
            told(client(), Reason::WaitingForServers),
        ),
        (Reason::NoServers, gone(told(member(true), Reason::Ready))),
        (Reason::ServersSilent, silent),
        (Reason::NoSources, client()),
        (
            Reason::PeersUnreachable,
            Facts {
                sources: vec![source("a", Some(Reason::PeersUnreachable))],
                ..client()
            },
        ),
        (Reason::KeyMismatch, refusing(client(), Reason::KeyMismatch)),
    ]);
    for reason in [Reason::KeyMismatch, Reason::NameConflict] {
        let refused = refusing(told(member(true), Reason::QuorumLost), reason);
        check([(Reason::QuorumLost, refused)]);
    }
    let line = decide(&told(client(), Reason::QuorumLost));
    assert!(line.line.starts_with("the server at 192.0.2.1:8300 says: "));
    assert_eq!(line.missing, ["s2"]);
}

#[test]
fn a_server_port_that_does_not_fit_goes_before_what_is_waited_for_and_a_caller_only_then() {
    let called = |facts| Facts {
        tls_called: Some(said(Reason::TlsMismatch, &["s2"])),
        ..facts
    };
    let turned_away = |facts| Facts {
        tls_caller: Some(said(Reason::TlsMismatch, &["192.0.2.2"])),
        ..facts
    };
    let lost = Facts {
        cluster: Some(ClusterId::new(7)),
        ..founding(Reason::QuorumLost, false)
    };
    let silent = Facts {
        servers: vec!["s1".to_owned()],
        told: Some(Err("no answer".to_owned())),
        is_alone: false,
        ..client()
    };
    let joining = || founding(Reason::Joining, false);
    let clash = || founding(Reason::ExpectMismatch, false);
    for (facts, reason) in [
        (called(joining()), Reason::TlsMismatch),
        (called(clash()), Reason::TlsMismatch),
        (called(lost), Reason::TlsMismatch),
        (called(silent), Reason::TlsMismatch),
        (called(member(true, true)), Reason::Ready),
        (turned_away(joining()), Reason::TlsMismatch),
        (
            turned_away(founding(Reason::WaitingForServers, false)),
            Reason::TlsMismatch,
        ),
        (turned_away(clash()), Reason::ExpectMismatch),
        (turned_away(member(true, true)), Reason::Ready),
    ] {
        assert_eq!(decide(&facts).reason, reason, "{facts:?}");
    }
}
