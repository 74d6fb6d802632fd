//! Others that are refused, or refuse.

use super::super::*;
use super::{check, founding, said};

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
}
