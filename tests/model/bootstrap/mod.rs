//! The founding, searched: every interleaving of the real decisions with loss, doubled and late
//! messages, stale facts, crashes and losses of servers.
//!
//! The invariants are those of the design, section 5. A run is bounded by its number of servers
//! and of proposals, and searched to its end. `QUORATE_MODEL=large` searches further: eighteen
//! million states, four minutes and some gigabytes, if optimised by
//! `--config 'profile.dev.package.quorate.opt-level=2'`.

mod code;
mod judge;
mod knowledge;
mod search;
mod steps;
mod terms;
mod wire;
mod world;

use search::{Searched, search};
use world::{Knowledge, Lie, Setup};

/// Three servers found a cluster of two and try twice.
const TWO_OF_THREE: Setup = Setup {
    servers: 3,
    expect: 2,
    proposals: 2,
    knowledge: Knowledge::Addresses,
    living: 0,
    losses: 0,
    may_block: false,
    is_calm: false,
    lie: Lie::None,
};

/// Three servers found a cluster of three and try twice.
const THREE: Setup = Setup {
    expect: 3,
    ..TWO_OF_THREE
};

/// Four servers, of which the proposers know as few as can be.
const BLIND: Setup = Setup {
    servers: 4,
    knowledge: Knowledge::Blind,
    is_calm: true,
    ..TWO_OF_THREE
};

/// Searches, prints the count, and wants nothing broken and nothing stuck.
fn holds(setup: &Setup) -> Searched {
    let searched = search(setup);
    println!("{} states, all rules hold: {setup:?}", searched.states);
    assert_eq!(searched.broken, None, "{setup:?}");
    assert_eq!(searched.stuck, None, "{setup:?}");
    searched
}

/// Searches with a rule broken, and wants the search to notice.
fn notices(setup: &Setup, lie: Lie, wanted: &str) {
    let searched = search(&Setup { lie, ..*setup });
    let stuck = searched.stuck.map(|steps| ("stuck".to_owned(), steps));
    let found = searched.broken.or(stuck);
    let (rule, steps) = found.unwrap_or_else(|| panic!("{lie:?} goes unnoticed"));
    println!("{} states, {lie:?}: {rule}", searched.states);
    assert!(rule.starts_with(wanted), "{rule}: {steps:#?}");
}

#[test]
fn three_servers_found_one_cluster_of_two() {
    holds(&TWO_OF_THREE);
}

#[test]
fn three_servers_found_one_cluster_of_three() {
    holds(&THREE);
}

#[test]
fn servers_that_each_expect_one_found_one_cluster() {
    for servers in [2, 3] {
        holds(&Setup {
            servers,
            expect: 1,
            ..TWO_OF_THREE
        });
    }
}

#[test]
fn a_proposer_that_knows_little_does_not_decide_for_those_who_know_more() {
    holds(&BLIND);
}

#[test]
fn a_proposer_that_is_lost_for_ever_blocks_nobody() {
    holds(&Setup {
        knowledge: Knowledge::Full,
        losses: 0b001,
        ..THREE
    });
}

#[test]
fn whoever_is_lost_the_others_go_on_or_say_that_they_are_blocked() {
    let lossy = Setup {
        losses: 0b111,
        may_block: true,
        ..THREE
    };
    let searched = holds(&lossy);
    // The model is not hollow: every decision and every reason that can come up here does.
    let wanted = [
        "ask",
        "founding-blocked",
        "founding-in-progress",
        "initialize",
        "join",
        "propose",
        "serve",
        "waiting-for-servers",
        "waiting-unknown-peers",
        "wipe",
        "write committed",
        "write heard",
        "write lifted",
        "write refused",
        "write released",
    ];
    for code in wanted {
        assert!(searched.seen.contains(code), "{code} never comes up");
    }
}

#[test]
fn beside_a_living_cluster_nothing_is_founded() {
    for servers in [3, 4] {
        holds(&Setup {
            servers,
            knowledge: Knowledge::Full,
            living: 1,
            ..TWO_OF_THREE
        });
    }
}

#[test]
fn beside_half_the_servers_in_a_cluster_out_of_sight_nothing_is_founded() {
    holds(&Setup {
        servers: 4,
        living: 2,
        ..TWO_OF_THREE
    });
}

#[test]
fn the_search_notices_when_rule_1_5_or_7_is_broken() {
    let each_alone = Setup {
        servers: 2,
        expect: 1,
        ..TWO_OF_THREE
    };
    let living = Setup {
        knowledge: Knowledge::Full,
        living: 1,
        ..TWO_OF_THREE
    };
    notices(&living, Lie::ClusterDenied, "I1");
    notices(&each_alone, Lie::MembersAlone, "I1");
    notices(&BLIND, Lie::ElectorateUntold, "I1");
    notices(&THREE, Lie::PromiseForgotten, "I7");
}

#[test]
fn the_search_notices_when_rule_8_or_9_is_broken() {
    notices(&THREE, Lie::FoundedIsOver, "I7");
    notices(&THREE, Lie::RefusalBindsNot, "I7");
    notices(&THREE, Lie::OneRefusalTooMany, "I7");
    notices(&THREE, Lie::NotWiped, "stuck");
}

#[test]
fn further_out_the_rules_hold_as_well() {
    if std::env::var("QUORATE_MODEL").as_deref() != Ok("large") {
        return;
    }
    let rows = [(1, 3, 3), (3, 3, 3), (2, 3, 3), (3, 4, 2), (2, 4, 2)];
    for (expect, servers, proposals) in rows {
        holds(&Setup {
            servers,
            expect,
            proposals,
            ..TWO_OF_THREE
        });
    }
    holds(&Setup {
        servers: 4,
        knowledge: Knowledge::Full,
        losses: 0b0001,
        ..THREE
    });
}
