//! Every run of the join engine with two sources and a hostile driver, up to a bound, breadth
//! first, on the real code.
//!
//! `world` is the driver and its surroundings, `answer` how its work may end, `properties` what
//! must hold, `labels` what must happen. A violation is shown with the shortest run that leads to it.

mod answer;
mod labels;
mod properties;
mod world;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::num::NonZeroU32;

use quorate::join::{Kind, Token};

use answer::{Contact, Lookup, Ways};
use world::{Bounds, Step, World};

/// What one search saw.
struct Seen {
    states: usize,
    moves: usize,
    /// What happened in some run.
    labels: BTreeSet<&'static str>,
}

/// Visits every state that can be reached from `start`.
fn search(start: World) -> Result<Seen, String> {
    let mut known = HashSet::from([start.clone()]);
    let mut path: Vec<(usize, Option<Step>)> = vec![(0, None)];
    let mut shown: BTreeSet<&'static str> = labels::state(&start).collect();
    let mut queue = VecDeque::from([(0, start)]);
    let mut moves = 0;
    let mut tokens: Vec<Token> = Vec::new();
    while let Some((at, world)) = queue.pop_front() {
        for step in world.steps() {
            let (next, done) = world.take(&step);
            moves += 1;
            shown.extend(labels::moves(&done));
            for work in next.newest.into_iter().flatten() {
                if !tokens.contains(&work.token) {
                    tokens.push(work.token);
                }
            }
            let blame = |what| format!("{what}\n{}", told(&path, at, &step));
            properties::check_move(&world, &step, &next, &done).map_err(blame)?;
            if known.contains(&next) {
                continue;
            }
            properties::check_state(&next, &tokens).map_err(blame)?;
            shown.extend(labels::state(&next));
            known.insert(next.clone());
            path.push((at, Some(step)));
            queue.push_back((path.len() - 1, next));
        }
    }
    let states = known.len();
    Ok(Seen {
        states,
        moves,
        labels: shown,
    })
}

/// The steps that led to a state, and the one after it.
fn told(path: &[(usize, Option<Step>)], mut at: usize, last: &Step) -> String {
    let mut steps = vec![format!("{last:?}")];
    while let Some((parent, Some(step))) = path.get(at) {
        steps.push(format!("{step:?}"));
        at = *parent;
    }
    steps.reverse();
    steps.join("\n")
}

/// Whether to search for half a minute instead of seconds: `QUORATE_MODEL=large`.
fn is_large() -> bool {
    std::env::var("QUORATE_MODEL").is_ok_and(|size| size == "large")
}

const fn bounds(lookups: u8, alarms: u8) -> Bounds {
    Bounds { lookups, alarms }
}

/// The three worlds: what each source may answer is spread over them, to keep each small.
fn worlds() -> [(&'static str, World); 3] {
    use Contact::{Nobody, Others};
    use Lookup::{Complete, Failed, Misconfigured, WithGaps};
    let ways = |lookups, contacts| Ways { lookups, contacts };
    let limited = [
        ways(&[Complete, Lookup::OnlySelf, Failed], &[Others, Nobody]),
        ways(&[Complete, Misconfigured, Failed], &[Others]),
    ];
    let endless = [
        ways(&[Complete, WithGaps, Failed], &[Others, Contact::OnlySelf]),
        ways(&[Complete, Misconfigured], &[Others]),
    ];
    let once = [
        ways(
            &[Complete, Lookup::OnlySelf, Failed],
            &[Others, Contact::OnlySelf, Nobody],
        ),
        ways(&[Complete], &[Others]),
    ];
    let (retry, first_once) = ([Kind::Retry, Kind::Retry], [Kind::Once, Kind::Retry]);
    let one_retry = NonZeroU32::new(1);
    // One look-up more than a limit of one retry allows.
    let (attempts, alarms) = if is_large() {
        (bounds(3, 1), bounds(3, 1))
    } else {
        (bounds(3, 0), bounds(2, 1))
    };
    [
        ("limited", World::new(retry, limited, one_retry, attempts)),
        ("endless", World::new(retry, endless, None, alarms)),
        ("once", World::new(first_once, once, one_retry, alarms)),
    ]
}

#[test]
fn every_run_of_the_join_engine_keeps_its_promises() {
    let mut shown = BTreeSet::new();
    for (name, start) in worlds() {
        let seen = search(start).unwrap_or_else(|run| panic!("{name}: {run}"));
        println!("join, {name}: {} states, {} moves", seen.states, seen.moves);
        shown.extend(seen.labels);
    }
    for label in labels::EXPECTED {
        assert!(shown.contains(label), "never happened: {label}");
    }
}
