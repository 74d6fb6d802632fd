//! Every run of the join engine with two sources and a hostile driver, up to a bound, breadth
//! first, on the real code.
//!
//! `world` is the driver and its surroundings, `properties` what must hold. A violation is shown
//! with the shortest run that leads to it.

mod properties;
mod world;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::num::NonZeroU32;

use quorate::join::Kind;

use world::{Step, World};

/// What one search saw.
struct Seen {
    states: usize,
    /// Labels of what happened in some run, and how often.
    labels: BTreeMap<String, usize>,
}

/// Visits every state that can be reached from `start`.
fn search(start: World) -> Result<Seen, String> {
    let mut known = HashSet::from([start.clone()]);
    let mut path: Vec<(usize, Option<Step>)> = vec![(0, None)];
    let mut queue = VecDeque::from([(0, start)]);
    let mut labels = BTreeMap::new();
    while let Some((at, world)) = queue.pop_front() {
        for step in world.steps() {
            let (next, done) = world.take(&step);
            let is_new = !known.contains(&next);
            let verdict = properties::check_move(&world, &step, &next, &done);
            let state = || properties::check_state(&next);
            let verdict = verdict.and_then(|()| if is_new { state() } else { Ok(()) });
            verdict.map_err(|what| format!("{what}\n{}", told(&path, at, &step)))?;
            for label in properties::labels(&next, &done) {
                *labels.entry(label).or_insert(0) += 1;
            }
            if is_new {
                known.insert(next.clone());
                path.push((at, Some(step)));
                queue.push_back((path.len() - 1, next));
            }
        }
    }
    Ok(Seen {
        states: known.len(),
        labels,
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

#[test]
fn every_run_of_the_join_engine_keeps_its_promises() {
    let retry_max = NonZeroU32::new(1);
    let worlds = [
        ("limited", World::new([Kind::Retry, Kind::Retry], retry_max)),
        ("endless", World::new([Kind::Retry, Kind::Retry], None)),
        ("once", World::new([Kind::Once, Kind::Retry], retry_max)),
    ];
    let mut labels = BTreeMap::new();
    for (name, start) in worlds {
        let seen = search(start).unwrap_or_else(|run| panic!("{name}: {run}"));
        println!("join model, {name}: {} states", seen.states);
        for (label, count) in seen.labels {
            *labels.entry(label).or_insert(0) += count;
        }
    }
    println!("{labels:#?}");
    for label in properties::EXPECTED {
        assert!(labels.contains_key(label), "never happened: {label}");
    }
}
