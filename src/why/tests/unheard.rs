//! Leaders that do not get through, and servers that are gone.

use super::*;

#[test]
fn a_leader_that_does_not_get_through_goes_before_no_leader_and_before_joining() {
    let cut_off = |facts| Facts {
        cut_off: Some(said(Reason::PortUnreached, &["s1"])),
        ..facts
    };
    let lost = Facts {
        founding: Some(said(Reason::QuorumLost, &[])),
        ..member(false, true)
    };
    let turned_away = Facts {
        tls_caller: Some(said(Reason::TlsMismatch, &["192.0.2.2"])),
        ..member(false, true)
    };
    check([
        (Reason::PortUnreached, cut_off(member(false, true))),
        (Reason::PortUnreached, cut_off(lost)),
        (
            Reason::PortUnreached,
            cut_off(founding(Reason::Joining, false)),
        ),
        (Reason::TlsMismatch, cut_off(turned_away)),
        (Reason::Ready, cut_off(member(true, true))),
        (Reason::Formed, cut_off(member(true, false))),
    ]);
}

#[test]
fn a_leader_who_cannot_be_asked_goes_before_ready() {
    let unreached = |facts| Facts {
        leader_unreached: Some(said(Reason::PortUnreached, &["s1"])),
        ..facts
    };
    let turned_away = Facts {
        tls_called: Some(said(Reason::TlsMismatch, &["192.0.2.2"])),
        ..member(true, true)
    };
    let leaves = Facts {
        leaving: Some(Vec::new()),
        ..member(true, true)
    };
    check([
        (Reason::PortUnreached, unreached(member(true, true))),
        (Reason::PortUnreached, unreached(member(true, false))),
        (Reason::TlsMismatch, unreached(turned_away)),
        (Reason::Leaving, unreached(leaves)),
        (Reason::NoLeader, unreached(member(false, true))),
    ]);
}

#[test]
fn a_client_without_a_server_names_those_that_it_knew() {
    let state = |n: usize| (format!("s{n}"), format!("192.0.2.{n}:8300, failed"));
    let facts = Facts {
        is_alone: false,
        gone: (1..=10).map(state).collect(),
        ..client()
    };
    let said = decide(&facts);
    assert_eq!(said.reason, Reason::NoServers);
    assert_eq!(said.missing.len(), 10);
    assert!(
        said.line
            .contains("it knows of s1 (192.0.2.1:8300, failed), s2")
    );
    assert!(said.line.ends_with("s8 (192.0.2.8:8300, failed), 2 more"));
}
