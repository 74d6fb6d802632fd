//! The founding, searched: every interleaving of the real decisions with loss, doubled and late
//! messages, stale facts, cuts, crashes and losses of disks.
//!
//! The invariants are those of the design, section 5. A run is bounded by its number of servers
//! and of proposals, and searched to its end. The page "Why there is only one cluster" says what
//! this shows and what it does not; its tables are compared with what is found here.

mod broken;
mod code;
mod judge;
mod knowledge;
mod lies;
mod results;
mod runs;
mod search;
mod seen;
mod steps;
mod terms;
mod wire;
mod world;

use std::collections::BTreeSet;

use lies::Broken;
use quorate::bootstrap::Safety;
use results::holds;
use runs::{LARGE, SMALL};
use search::search;
use world::Setup;

const PAGE: &str = include_str!("../../../src/docs/one-cluster.md");

/// Searches with a rule broken: how it is noticed, by how many steps.
fn notices(broken: &Broken) -> Option<(String, Vec<String>)> {
    let setup = Setup {
        lie: broken.lie,
        ..broken.setup
    };
    let searched = search(&setup);
    println!("{:>9} states: {:?}", searched.states, broken.lie);
    let stuck = searched.stuck.map(|steps| ("stuck".to_owned(), steps));
    searched.broken.or(stuck)
}

/// The row of the page for a broken rule, after it was seen to be noticed as it should.
fn row_of(broken: &Broken) -> String {
    let Broken { rule, instead, .. } = broken;
    let found = notices(broken);
    match (&found, broken.wanted) {
        (None, "") => format!("| {rule} | {instead} | holds | |"),
        (Some((how, steps)), wanted) if !wanted.is_empty() && how.starts_with(wanted) => {
            println!("{:?}: {how}: {steps:?}", broken.lie);
            format!("| {rule} | {instead} | {wanted} | {} |", steps.len())
        }
        _ => panic!(
            "{:?} should be noticed as {:?}: {found:#?}",
            broken.lie, broken.wanted
        ),
    }
}

/// The rows of the page for runs that hold.
fn counted(runs: &[(&str, Setup)]) -> Vec<String> {
    let row = |(name, _): &(&str, Setup)| {
        let run = holds(name);
        format!("| {name} | {} |", run.get().unwrap().states)
    };
    runs.iter().map(row).collect()
}

/// Wants these rows on the page, and prints them for it.
fn are_on_the_page(rows: &[String]) {
    println!("{}", rows.join("\n"));
    let missing: Vec<&String> = rows.iter().filter(|row| !PAGE.contains(*row)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:#?}");
}

#[test]
fn servers_that_expect_as_many_found_one_cluster() {
    holds("three that expect two");
    holds("three that expect three");
    holds("two that each expect one");
    holds("three that each expect one");
}

#[test]
fn a_proposer_that_knows_little_does_not_decide_for_those_who_know_more() {
    holds("four that expect two, half blind");
}

#[test]
fn twice_as_many_servers_as_expected_found_one_cluster() {
    holds("six that expect three");
}

#[test]
fn servers_that_take_others_for_dead_found_one_cluster() {
    holds("two that expect two, cut");
    holds("three that expect two, cut");
    holds("three that expect three, cut");
    holds("four that expect three, cut, calm");
    holds("four that expect two, cut, strict");
}

#[test]
fn a_proposer_that_is_lost_for_ever_blocks_nobody() {
    holds("three that expect three, proposer lost");
}

#[test]
fn whoever_is_lost_the_others_go_on_or_say_that_they_are_blocked() {
    holds("three that expect three, any one lost");
}

#[test]
fn servers_that_are_wiped_or_replaced_found_one_cluster_or_say_that_they_are_blocked() {
    holds("two that expect two, any disk wiped");
    holds("two that expect two, any replaced");
    holds("three that expect three, two replaced");
    holds("two that expect two, ledger lost");
}

#[test]
fn every_safety_founds_one_cluster_of_most_servers() {
    holds("three that expect two, open");
    holds("three that expect two, strict");
}

#[test]
fn servers_that_disagree_found_no_two_clusters() {
    holds("three that disagree");
}

#[test]
fn beside_a_living_cluster_nothing_is_founded() {
    holds("two beside a cluster of one");
    holds("two that heard of a cluster that is cut off");
    holds("one between two clusters");
    holds("bootstrap beside a cluster of one");
}

#[test]
fn a_server_with_bootstrap_founds_alone_and_the_others_join() {
    holds("bootstrap and two that were told nothing");
}

#[test]
fn every_rule_reason_and_answer_comes_up_in_some_run() {
    let mut seen = BTreeSet::new();
    for (name, _) in SMALL {
        let run = holds(name);
        seen.extend(run.get().unwrap().seen.iter().copied());
    }
    let never: Vec<_> = seen::WANTED.iter().filter(|w| !seen.contains(*w)).collect();
    assert!(never.is_empty(), "never comes up: {never:?}");
}

#[test]
fn the_page_says_how_many_states_were_searched() {
    are_on_the_page(&counted(&SMALL));
}

#[test]
fn each_rule_that_is_broken_is_noticed_as_the_page_says() {
    let mut rows: Vec<String> = lies::TABLE.iter().map(row_of).collect();
    rows.push(row_of(&lies::PROMISE_OF_A_MEMBER));
    are_on_the_page(&rows);
}

#[test]
fn what_the_rules_do_not_promise_is_what_the_page_says() {
    let mut rows = Vec::new();
    for (words, setup) in lies::LIMITS {
        let (how, steps) = search(&setup)
            .broken
            .unwrap_or_else(|| panic!("{words} holds"));
        assert!(how.starts_with("I1"), "{words}: {how}");
        rows.push(format!("| {words} | {} |", steps.len()));
        if words.contains("majority") {
            let strict = search(&Setup {
                safety: Safety::Strict,
                ..setup
            });
            assert_eq!(strict.broken, None, "{words}, strict");
        }
    }
    are_on_the_page(&rows);
}

#[test]
fn further_out_the_rules_hold_as_well() {
    // All of them, or one by its name.
    let asked = std::env::var("QUORATE_MODEL").unwrap_or_default();
    let is_asked = |run: &&(&str, Setup)| asked == "large" || asked == run.0;
    let runs: Vec<_> = LARGE.iter().filter(is_asked).copied().collect();
    are_on_the_page(&counted(&runs));
}
