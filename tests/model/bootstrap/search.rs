//! The search: breadth first over all worlds, then backwards from the good ones.

use std::collections::BTreeSet;

use super::code::Code;
use super::knowledge::Memo;
use super::steps::Steps;
use super::terms::Map;
use super::world::{Event, Setup, World, start};

/// Most worlds of one run, so that a mistake in a setup ends before the memory does.
const MOST: usize = 60_000_000;

/// What a search came to.
#[derive(Debug)]
pub(super) struct Searched {
    pub(super) states: usize,
    /// Codes of all decisions that came up.
    pub(super) seen: BTreeSet<&'static str>,
    /// The broken rule, with the steps that lead there.
    pub(super) broken: Option<(String, Vec<String>)>,
    /// A world from which no good one can be reached, with the steps that lead there.
    pub(super) stuck: Option<Vec<String>>,
}

/// Searches breadth first, so that a counterexample is a shortest one.
pub(super) fn search(setup: &Setup) -> Searched {
    let mut code = Code::new(setup);
    let (mut memo, mut known) = (Memo::default(), Map::default());
    let first = start(setup, &mut code);
    let mut worlds = vec![first];
    let mut parents: Vec<(u32, Option<Event>)> = vec![(0, None)];
    let mut numbers: Map<World, u32> = Map::default();
    numbers.insert(first, 0);
    let (mut back, mut good) = (Vec::new(), Vec::new());
    let mut broken = None;
    let mut at = 0;
    while at < worlds.len() && broken.is_none() {
        assert!(
            worlds.len() < MOST,
            "more worlds than a run may have: {setup:?}"
        );
        let here = u32::try_from(at).unwrap();
        let mut steps = Steps {
            setup,
            memo: &mut memo,
            code: &mut code,
            known: &mut known,
            world: worlds[at],
            next: Vec::new(),
            is_late: false,
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
                    if !event.is_late {
                        back.push((number, here));
                    }
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
