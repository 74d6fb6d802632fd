//! Whole agents in simulated weather: `simulate SEED` runs one season and tells its story,
//! `simulate --cold SEED` one cold start in good weather; with `--quiet` before it only how it ended is
//! said. `simulate --many N [FIRST]` runs both for many seeds, each in a process of its own, since
//! chance is the process's.
//!
//! Exit code 0: everything held; 1: something broke, and the command that shows it was printed.

mod clients;
mod cloud;
mod cold;
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

use cold::{Cold, Figures};
use season::Season;

/// What is run for a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Season,
    Cold,
}

/// The words before the figures of a cold start.
const LED: &str = "led";
/// The same.
const JOINED: &str = "joined";

/// The longest times of the cold starts so far, in milliseconds.
#[derive(Debug, Default)]
struct Longest {
    led: AtomicU64,
    joined: AtomicU64,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<u64>().ok();
    let is_told = words.first() != Some(&"--quiet");
    match words.strip_prefix(&["--quiet"]).unwrap_or(&words) {
        ["--many", count, rest @ ..] if number(count).is_some() => {
            let first = rest.first().and_then(|word| number(word));
            many(number(count).unwrap_or(0), first.unwrap_or(0))
        }
        ["--cold", seed] if number(seed).is_some() => {
            one(Run::Cold, number(seed).unwrap_or(0), is_told)
        }
        [seed] if number(seed).is_some() => one(Run::Season, number(seed).unwrap_or(0), is_told),
        _ => {
            println!("usage: simulate [--quiet] [--cold] SEED | --many COUNT [FIRST]");
            ExitCode::from(2)
        }
    }
}

/// Runs one season or one cold start.
fn one(run: Run, seed: u64, is_told: bool) -> ExitCode {
    entropy::seed(seed);
    story::begin(is_told);
    let figures = match run {
        Run::Season => {
            Season::new(seed).run();
            None
        }
        Run::Cold => Cold::new(seed).run(),
    };
    let failures = story::failures();
    let sum = story::sum();
    if let Some(Figures { led_ms, joined_ms }) = figures {
        println!("{LED} {led_ms} ms after enough, {JOINED} {joined_ms} ms after all");
    }
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

/// Runs the seasons of many seeds, then their cold starts.
fn many(count: u64, first: u64) -> ExitCode {
    let longest = Longest::default();
    let held = [Run::Season, Run::Cold].map(|run| all(run, count, first, &longest));
    let (led, joined) = (longest.led.into_inner(), longest.joined.into_inner());
    println!("cold starts: {LED} at most {led} ms after enough, {JOINED} {joined} ms after all");
    ExitCode::from(u8::from(held.contains(&false)))
}

/// Runs one kind for many seeds, as many at once as there are processors; says whether all held.
fn all(run: Run, count: u64, first: u64, longest: &Longest) -> bool {
    let began = Instant::now();
    let (next, broken) = (AtomicU64::new(first), AtomicU64::new(0));
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        while let Some(seed) = take(&next, first + count) {
            let output = child(run, seed);
            if run == Run::Cold {
                longest.note(&String::from_utf8_lossy(&output.stdout));
            }
            broken.fetch_add(u64::from(!report(run, seed, &output)), Ordering::SeqCst);
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(work);
        }
    });
    let (broken, took) = (broken.into_inner(), began.elapsed().as_secs());
    let kind = match run {
        Run::Season => "seasons",
        Run::Cold => "cold starts",
    };
    println!(
        "{} {kind} held, {broken} did not, in {took} s",
        count - broken
    );
    broken == 0
}

/// The next seed, below the end.
fn take(next: &AtomicU64, end: u64) -> Option<u64> {
    let seed = next.fetch_add(1, Ordering::SeqCst);
    (seed < end).then_some(seed)
}

/// Says what broke, if anything did; true if nothing did.
fn report(run: Run, seed: u64, output: &Output) -> bool {
    if output.status.success() {
        return true;
    }
    print!("{}", String::from_utf8_lossy(&output.stdout));
    print!("{}", String::from_utf8_lossy(&output.stderr));
    let recipe = match run {
        Run::Season => "simulate",
        Run::Cold => "simulate-cold",
    };
    println!("    its story: just {recipe} {seed}");
    false
}

fn child(run: Run, seed: u64) -> Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.arg("--quiet");
    if run == Run::Cold {
        child.arg("--cold");
    }
    child.arg(seed.to_string()).output().unwrap()
}

impl Longest {
    /// Takes the figures out of what a cold start printed.
    fn note(&self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        for pair in words.windows(2) {
            let longest = match pair[0] {
                LED => &self.led,
                JOINED => &self.joined,
                _ => continue,
            };
            let ms = pair[1].parse().unwrap_or(0);
            longest.fetch_max(ms, Ordering::SeqCst);
        }
    }
}
