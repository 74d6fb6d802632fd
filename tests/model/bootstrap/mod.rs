//! The founding, searched: every interleaving of the real decisions with loss, doubled and late
//! messages, stale facts, crashes and losses of servers.
//!
//! The invariants are those of the design, section 5. `QUORATE_MODEL=large` searches further.

mod code;
mod world;

use std::collections::{BTreeSet, HashMap};

use code::Code;
use world::{Event, Knowledge, Lie, Memo, Setup, Steps, World, safety, start};

/// What a search came to.
#[derive(Debug)]
struct Searched {
    states: usize,
    /// Codes of all decisions that came up.
    seen: BTreeSet<&'static str>,
    /// The broken rule, with the steps that lead there.
    broken: Option<(String, Vec<String>)>,
    /// A world from which no good one can be reached, with the steps that lead there.
    stuck: Option<Vec<String>>,
}

const THREE: Setup = Setup {
    servers: 3,
    expect: 2,
    proposals: 2,
    knowledge: Knowledge::Addresses,
    living: 0,
    losses: 0,
    may_block: false,
    lie: Lie::None,
};

/// Searches breadth first, so that a counterexample is a shortest one.
fn search(setup: &Setup) -> Searched {
    let mut code = Code::new(setup.servers, setup.expect, safety(setup));
    let mut memo = Memo::new();
    let first = start(setup, &mut code);
    let mut worlds = vec![first];
    let mut parents: Vec<(u32, Option<Event>)> = vec![(0, None)];
    let mut numbers: HashMap<World, u32> = HashMap::from([(first, 0)]);
    let mut back: Vec<(u32, u32)> = Vec::new();
    let mut good: Vec<u32> = Vec::new();
    let mut broken = None;
    let mut at = 0;
    while at < worlds.len() && broken.is_none() {
        let here = u32::try_from(at).unwrap();
        let mut steps = Steps {
            setup,
            memo: &mut memo,
            code: &mut code,
            world: worlds[at],
            next: Vec::new(),
        };
        if let Err(rule) = steps.check() {
            broken = Some((rule, trace(&parents, here)));
            break;
        }
        if steps.is_good() {
            good.push(here);
        }
        for next in steps.all() {
            match next {
                Err(rule) => broken = Some((rule, trace(&parents, here))),
                Ok((event, world)) => {
                    let number = *numbers.entry(world).or_insert_with(|| {
                        worlds.push(world);
                        parents.push((here, Some(event)));
                        u32::try_from(worlds.len() - 1).unwrap()
                    });
                    back.push((number, here));
                }
            }
        }
        at += 1;
    }
    let stuck = match broken {
        Some(_) => None,
        None => unreachable_good(worlds.len(), back, good).map(|w| trace(&parents, w)),
    };
    Searched {
        states: worlds.len(),
        seen: code.seen,
        broken,
        stuck,
    }
}

/// The first world from which no good one can be reached.
fn unreachable_good(count: usize, mut back: Vec<(u32, u32)>, good: Vec<u32>) -> Option<u32> {
    back.sort_unstable();
    back.dedup();
    let mut reaches = vec![false; count];
    let mut open = good;
    while let Some(world) = open.pop() {
        if std::mem::replace(&mut reaches[usize::try_from(world).unwrap()], true) {
            continue;
        }
        let from = back.partition_point(|(to, _)| *to < world);
        let edges = back[from..].iter().take_while(|(to, _)| *to == world);
        open.extend(edges.map(|(_, from)| *from));
    }
    reaches
        .iter()
        .position(|reaches| !reaches)
        .map(|world| u32::try_from(world).unwrap())
}

fn trace(parents: &[(u32, Option<Event>)], mut world: u32) -> Vec<String> {
    let mut steps = Vec::new();
    while world != 0 {
        let (parent, event) = &parents[usize::try_from(world).unwrap()];
        steps.extend(event.map(|event| event.to_string()));
        world = *parent;
    }
    steps.reverse();
    steps
}

/// Searches, prints the count, and wants nothing broken and nothing stuck.
fn holds(setup: &Setup) -> Searched {
    let searched = search(setup);
    println!("{} states: {setup:?}", searched.states);
    assert_eq!(searched.broken, None, "{setup:?}");
    assert_eq!(searched.stuck, None, "{setup:?}");
    searched
}

/// Searches with a rule broken, and wants the search to notice.
fn notices(setup: &Setup, rule: &str) {
    let searched = search(setup);
    let (found, steps) = searched.broken.expect("the broken rule goes unnoticed");
    println!("{} states: {found} with {setup:?}", searched.states);
    assert!(found.starts_with(rule), "{found}: {steps:#?}");
}

#[test]
fn three_servers_found_one_cluster_of_two() {
    holds(&THREE);
}

#[test]
fn three_servers_found_one_cluster_of_three() {
    holds(&Setup { expect: 3, ..THREE });
}

#[test]
fn a_proposer_that_knows_little_does_not_decide_for_those_who_know_more() {
    holds(&Setup {
        knowledge: Knowledge::Blind,
        ..THREE
    });
}

#[test]
fn a_proposer_that_is_lost_for_ever_blocks_nobody() {
    let setup = Setup {
        expect: 3,
        knowledge: Knowledge::Full,
        losses: 0b001,
        ..THREE
    };
    holds(&setup);
}

#[test]
fn whoever_is_lost_the_others_go_on_or_say_that_they_are_blocked() {
    for expect in [2, 3] {
        let setup = Setup {
            expect,
            losses: 0b111,
            may_block: true,
            ..THREE
        };
        let searched = holds(&setup);
        assert!(searched.seen.contains("founding-blocked"));
    }
}

#[test]
fn beside_a_living_cluster_nothing_is_founded() {
    for servers in [3, 4] {
        holds(&Setup {
            servers,
            knowledge: Knowledge::Full,
            living: 1,
            ..THREE
        });
    }
}

#[test]
fn beside_a_majority_in_a_cluster_that_is_out_of_sight_nothing_is_founded() {
    holds(&Setup {
        servers: 4,
        living: 2,
        ..THREE
    });
}

#[test]
fn the_search_notices_when_a_rule_is_broken() {
    let three = Setup { expect: 3, ..THREE };
    let two = Setup {
        servers: 2,
        expect: 1,
        ..THREE
    };
    let living = Setup {
        knowledge: Knowledge::Full,
        living: 1,
        ..THREE
    };
    let rows = [
        (two, Lie::MembersAlone, "I1"),
        (three, Lie::RefusalBindsNot, "I7"),
        (three, Lie::OneRefusalTooMany, "I7"),
        (THREE, Lie::PromiseForgotten, "I7"),
        (THREE, Lie::FoundedIsOver, "I7"),
        (THREE, Lie::NotWiped, "I5"),
        (living, Lie::ClusterDenied, "I1"),
    ];
    for (setup, lie, rule) in rows {
        notices(&Setup { lie, ..setup }, rule);
    }
}

#[test]
fn further_out_it_holds_as_well() {
    if std::env::var("QUORATE_MODEL").as_deref() != Ok("large") {
        return;
    }
    let rows = [(1, 3, 3), (3, 4, 2), (2, 3, 3), (3, 3, 3), (2, 4, 2)];
    for (expect, servers, proposals) in rows {
        holds(&Setup {
            servers,
            expect,
            proposals,
            ..THREE
        });
    }
}
