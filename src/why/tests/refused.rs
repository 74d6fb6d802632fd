//! Others that are refused, or refuse.

use super::super::*;
use super::{check, client, founding, member, refusing, refusing_at, said, told, voters};

#[test]
fn an_address_that_refuses_goes_before_the_servers_that_are_missing() {
    for waits in [Reason::WaitingForServers, Reason::WaitingUnknownPeers] {
        for reason in [Reason::KeyMismatch, Reason::ClusterConflict] {
            let facts = refusing(founding(waits, false), reason);
            let told = decide(&facts);
            assert_eq!(told.missing, ["192.0.2.2:8301"]);
            let line = format!("no; besides, {}", waits.prose());
            assert_eq!(told.line, line, "nothing is hidden");
            check([(reason, facts)]);
        }
    }
    let called = |is_alone| Facts {
        is_called_with_another_key: true,
        ..founding(Reason::WaitingForServers, is_alone)
    };
    check([
        (Reason::KeyMismatch, called(true)),
        (Reason::WaitingForServers, called(false)),
    ]);
}

#[test]
fn one_that_was_refused_here_is_the_reason_only_if_it_would_be_the_server_that_is_missing() {
    let refused = |waits, lacking, count| Facts {
        strangers: vec![said(Reason::NodeIdConflict, &["s9"]); count],
        lacking,
        ..founding(waits, false)
    };
    let waits = Reason::WaitingForServers;
    let rows = [
        (Reason::NodeIdConflict, refused(waits, 1, 1)),
        (Reason::NodeIdConflict, refused(waits, 2, 2)),
        (waits, refused(waits, 2, 1)),
        (
            Reason::WaitingUnknownPeers,
            refused(Reason::WaitingUnknownPeers, 0, 1),
        ),
        (
            Reason::WaitingForProposer,
            refused(Reason::WaitingForProposer, 0, 1),
        ),
    ];
    let whole = |facts: &Facts| {
        let line = decide(facts).line;
        [waits, Reason::NodeIdConflict].map(|reason| line.contains(reason.prose()))
    };
    for (_, facts) in rows.iter().take(3) {
        assert_eq!(whole(facts), [true, true], "nothing is hidden: {facts:?}");
    }
    check(rows);
    assert!(decide(&refused(waits, 2, 1)).missing.is_empty());
    let client = Facts {
        strangers: vec![said(Reason::NodeIdConflict, &["s9"])],
        ..told(client(), waits)
    };
    let line = decide(&client).line;
    assert!(line.ends_with(waits.prose()), "told twice: {line}");
}

#[test]
fn another_key_is_why_there_is_no_leader_only_where_a_majority_of_the_voters_has_it() {
    let lost = |alive: &[bool], hosts: &[u8]| {
        let facts = Facts {
            founding: Some(said(Reason::QuorumLost, &["s1", "s2"])),
            voters: voters(alive),
            ..member(false, true)
        };
        refusing_at(facts, Reason::KeyMismatch, hosts)
    };
    let third = [false, false, true];
    check([
        (Reason::KeyMismatch, lost(&third, &[1, 2])),
        // One that took the address of a dead voter, once or seen by two sources.
        (Reason::QuorumLost, lost(&third, &[1])),
        (Reason::QuorumLost, lost(&third, &[1, 1])),
        // Where no voter is.
        (Reason::QuorumLost, lost(&third, &[8, 9])),
        (Reason::QuorumLost, lost(&[true, true, false], &[1, 2])),
        (
            Reason::KeyMismatch,
            lost(&[false, false, false, true, true], &[1, 2, 3]),
        ),
        (
            Reason::QuorumLost,
            lost(&[false, false, false, true, true], &[1, 2]),
        ),
    ]);
    let told = decide(&lost(&third, &[1]));
    assert_eq!(told.missing, ["s1", "s2"]);
    assert!(told.line.ends_with("; besides, no"), "{}", told.line);
}
