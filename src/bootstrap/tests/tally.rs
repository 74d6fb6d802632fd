//! The tally: what makes a founding, and what ends it.

use crate::types::RaftId;

use super::super::testing::{cluster, server, view};
use super::super::*;

/// Server 1 proposes to 2, 3 and, as a witness, 4; `silent` more addresses are listed.
fn begun(silent: u16) -> (View, Tally) {
    let mut view = view(1, &[2, 3, 4]);
    for port in 1..=silent {
        let address = format!("10.0.0.9:{port}");
        view.unreached.insert(address.parse().unwrap());
    }
    let Decision::Propose(draft) = decide(&view) else {
        panic!("no draft");
    };
    let (ledger, tally) = Tally::begin(&view, draft, cluster(100)).unwrap();
    view.ledger = ledger;
    (view, tally)
}

fn said(from: u128, says: Says) -> Answer {
    Answer {
        from: RaftId::new(from),
        standing: Standing::Blank,
        says,
    }
}

fn yes(from: u128, electorate: u64) -> Answer {
    let cluster = cluster(100);
    said(
        from,
        Says::Yes {
            cluster,
            electorate,
        },
    )
}

fn no(from: u128, why: No) -> Answer {
    let cluster = cluster(100);
    said(from, Says::No { cluster, why })
}

fn heard(tally: &Tally, answers: &[Answer]) -> Tally {
    let mut tally = tally.clone();
    for answer in answers {
        tally.hear(answer);
    }
    tally
}

fn why(verdict: Verdict) -> Aborted {
    match verdict {
        Verdict::Abort { why, .. } => why,
        verdict => panic!("no abort: {verdict:?}"),
    }
}

#[test]
fn a_proposal_is_written_and_asks_members_and_witnesses() {
    let (view, tally) = begun(0);
    assert_eq!(view.ledger.bound(), Some(tally.proposal()));
    assert!(matches!(view.ledger.seat(), Seat::Preparing(_)));
    assert!(tally.proposal().is_sound());
    let members = [server(1), server(2), server(3)];
    assert_eq!(tally.proposal().members, members);
    assert_eq!(tally.asked(), [server(2), server(3), server(4)]);
}

#[test]
fn a_server_that_is_bound_proposes_nothing() {
    let (view, tally) = begun(0);
    let draft = Draft {
        members: tally.proposal().members.clone(),
        ask: Vec::new(),
    };
    assert_eq!(Tally::begin(&view, draft, cluster(200)), None);
}

#[test]
fn every_member_and_a_majority_found() {
    let (view, tally) = begun(0);
    assert_eq!(heard(&tally, &[yes(2, 4)]).verdict(&view), Verdict::Pending);
    let founded = Verdict::Found(view.ledger.with_founding(tally.proposal()));
    let all = heard(&tally, &[yes(2, 4), yes(3, 4)]);
    assert_eq!(all.verdict(&view), founded);
    assert_eq!(all.time_out(&view), founded);
}

#[test]
fn the_yes_of_a_witness_does_not_stand_for_a_member() {
    let (view, tally) = begun(0);
    let tally = heard(&tally, &[yes(2, 4), yes(4, 4)]);
    assert_eq!(tally.verdict(&view), Verdict::Pending);
}

#[test]
fn members_that_are_no_majority_need_the_witness() {
    let (view, tally) = begun(2);
    let members = heard(&tally, &[yes(2, 6), yes(3, 6)]);
    assert_eq!(members.verdict(&view), Verdict::Pending);
    let all = heard(&members, &[yes(4, 6)]);
    assert!(matches!(all.verdict(&view), Verdict::Found(_)));
    let declined = heard(&members, &[no(4, No::Over)]);
    let too_few = Aborted::TooFew {
        yes: 3,
        electorate: 6,
    };
    assert_eq!(why(declined.verdict(&view)), too_few);
}

#[test]
fn whoever_knows_more_servers_is_believed_unless_safety_is_open() {
    let (mut view, tally) = begun(0);
    let tally = heard(&tally, &[yes(2, 9), yes(3, 4)]);
    let too_few = Aborted::TooFew {
        yes: 3,
        electorate: 9,
    };
    assert_eq!(why(tally.verdict(&view)), too_few);
    view.own.safety = Safety::Open;
    assert!(matches!(tally.verdict(&view), Verdict::Found(_)));
}

#[test]
fn with_strict_safety_one_that_does_not_consent_is_too_many() {
    let (mut view, tally) = begun(0);
    view.own.safety = Safety::Strict;
    let all = heard(&tally, &[yes(2, 3), yes(3, 3), yes(4, 4)]);
    assert!(matches!(all.verdict(&view), Verdict::Found(_)));
    let told = heard(&tally, &[yes(2, 3), yes(3, 5), yes(4, 4)]);
    let too_few = Aborted::TooFew {
        yes: 4,
        electorate: 5,
    };
    assert_eq!(why(told.verdict(&view)), too_few);
}

#[test]
fn servers_that_come_up_while_it_is_counted_count() {
    let (mut view, tally) = begun(0);
    let tally = heard(&tally, &[yes(2, 4), yes(3, 4), yes(4, 4)]);
    assert!(matches!(tally.verdict(&view), Verdict::Found(_)));
    for port in 1..=4 {
        let address = format!("10.0.0.9:{port}");
        view.unreached.insert(address.parse().unwrap());
    }
    assert!(matches!(tally.verdict(&view), Verdict::Abort { .. }));
}

#[test]
fn one_member_that_declines_ends_it() {
    let (view, tally) = begun(0);
    let tally = heard(&tally, &[yes(2, 4), no(3, No::Over)]);
    let declined = Aborted::Declined {
        name: "s3".parse().unwrap(),
        why: No::Over,
    };
    let ledger = view.ledger.with_over(tally.proposal().ballot);
    let verdict = Verdict::Abort {
        ledger,
        why: declined,
    };
    assert_eq!(tally.verdict(&view), verdict);
}

#[test]
fn a_yes_that_was_taken_back_does_not_count() {
    let (view, tally) = begun(0);
    let tally = heard(&tally, &[yes(2, 4), yes(3, 4), no(3, No::Refused)]);
    assert!(matches!(tally.verdict(&view), Verdict::Abort { .. }));
}

#[test]
fn a_cluster_that_comes_into_sight_ends_it() {
    let (mut view, tally) = begun(0);
    let tally = heard(&tally, &[yes(2, 4), yes(3, 4)]);
    view.peer_mut(4).announced = Some(cluster(7));
    assert_eq!(why(tally.verdict(&view)), Aborted::Heard(cluster(7)));
}

#[test]
fn time_ends_it_and_names_the_silent() {
    let (view, tally) = begun(0);
    let timed_out = Aborted::TimedOut {
        silent: vec!["s3".parse().unwrap(), "s4".parse().unwrap()],
    };
    assert_eq!(why(heard(&tally, &[yes(2, 4)]).time_out(&view)), timed_out);
}

#[test]
fn answers_of_strangers_and_to_other_proposals_do_not_count() {
    let (view, tally) = begun(0);
    let late = Says::Yes {
        cluster: cluster(99),
        electorate: 4,
    };
    let strays = [
        yes(2, 4),
        yes(33, 4),
        said(3, late),
        said(3, Says::Noted),
        said(3, Says::Fate(Fate::Pending)),
    ];
    assert_eq!(heard(&tally, &strays).verdict(&view), Verdict::Pending);
}

#[test]
fn a_tally_whose_proposal_is_over_comes_to_nothing() {
    let (mut view, tally) = begun(0);
    let tally = heard(&tally, &[yes(2, 4), yes(3, 4)]);
    view.ledger = view.ledger.abandoned().unwrap();
    assert_eq!(tally.verdict(&view), Verdict::Gone);
    assert_eq!(tally.time_out(&view), Verdict::Gone);
}

#[test]
fn bootstrap_needs_nobody() {
    let mut view = view(1, &[]);
    view.own.expectation = Expectation::Alone;
    view.unreached.insert("10.0.0.9".parse().unwrap());
    let Decision::Propose(draft) = decide(&view) else {
        panic!("no draft");
    };
    let (ledger, tally) = Tally::begin(&view, draft, cluster(100)).unwrap();
    view.ledger = ledger;
    assert!(matches!(tally.verdict(&view), Verdict::Found(_)));
}
