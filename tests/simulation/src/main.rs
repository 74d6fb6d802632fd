//! Whole agents in simulated weather: `simulate SEED` runs one season and tells its story,
//! `simulate --quiet SEED` only says how it ended, `simulate --many N [FIRST]` runs many seeds, each
//! in a process of its own, since chance is the process's.
//!
//! Exit code 0: everything held; 1: something broke, and the command that shows it was printed.

mod clients;
mod computer;
mod disk;
mod entropy;
mod history;
mod host;
mod net;
mod oracle;
mod season;
mod story;
mod world;

use std::process::{Command, ExitCode, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use season::Season;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
    match (words.first().map(String::as_str), number(1)) {
        (Some("--many"), Some(count)) => many(count, number(2).unwrap_or(0)),
        (Some("--quiet"), Some(seed)) => one(seed, false),
        (Some(_), _) if number(0).is_some() => one(number(0).unwrap_or(0), true),
        _ => {
            println!("usage: simulate SEED | --quiet SEED | --many COUNT [FIRST]");
            ExitCode::from(2)
        }
    }
}

/// Runs one season.
fn one(seed: u64, is_told: bool) -> ExitCode {
    entropy::seed(seed);
    story::begin(is_told);
    Season::new(seed).run();
    let failures = story::failures();
    let sum = story::sum();
    if failures.is_empty() {
        println!("seed {seed}: everything held; sum {sum:016x}");
        return ExitCode::SUCCESS;
    }
    for failure in &failures {
        println!("seed {seed}: {failure}");
    }
    println!("seed {seed}: broken; sum {sum:016x}");
    ExitCode::FAILURE
}

/// Runs many seasons, as many at once as there are processors.
fn many(count: u64, first: u64) -> ExitCode {
    let began = Instant::now();
    let (next, broken) = (AtomicU64::new(first), AtomicU64::new(0));
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        while let Some(seed) = take(&next, first + count) {
            let is_held = report(seed, &child(seed));
            broken.fetch_add(u64::from(!is_held), Ordering::SeqCst);
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(work);
        }
    });
    let (broken, took) = (broken.into_inner(), began.elapsed().as_secs());
    println!(
        "{} seeds held, {broken} did not, in {took} s",
        count - broken
    );
    ExitCode::from(u8::from(broken > 0))
}

/// The next seed, below the end.
fn take(next: &AtomicU64, end: u64) -> Option<u64> {
    let seed = next.fetch_add(1, Ordering::SeqCst);
    (seed < end).then_some(seed)
}

/// Says what broke, if anything did; true if nothing did.
fn report(seed: u64, output: &Output) -> bool {
    if output.status.success() {
        return true;
    }
    print!("{}", String::from_utf8_lossy(&output.stdout));
    print!("{}", String::from_utf8_lossy(&output.stderr));
    println!("    its story: just simulate {seed}");
    false
}

fn child(seed: u64) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--quiet", &seed.to_string()])
        .output()
        .unwrap()
}
