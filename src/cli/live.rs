//! What a person sees while something goes on: a table that is drawn over itself in a terminal,
//! and a line per change where a program reads.
//!
//! What others say of themselves is shown, so whatever could steer a terminal is taken out.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::out::in_line;
use super::screen::{END_LINE, Part, screen};
use super::{Failure, World};

/// How often the agent is asked again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long something may take before it is said what is waited for.
const SAY_AFTER: Duration = Duration::from_secs(1);

/// One look at the agent.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// What is drawn in a terminal, one below the other.
    pub(super) parts: Vec<Part>,
    /// Single lines by what they are about; a change of one is a line where a program reads.
    pub(super) lines: BTreeMap<String, String>,
}

/// Shows what each look gives until interrupted. An agent that goes away is the end, with an
/// error.
pub(super) async fn watch(
    world: &mut World,
    mut look: impl AsyncFnMut() -> Result<Look, Failure>,
) -> Result<(), Failure> {
    let watching = async {
        let mut before = look().await?;
        show(world, None, &before);
        loop {
            sleep(LOOK_EVERY).await;
            if world.out.is_broken() {
                return Ok(());
            }
            let now = look().await.map_err(|failure| {
                let text = failure.text;
                Failure::new(format!("{text}; with that the watch ends"))
            })?;
            show(world, Some(&before), &now);
            before = now;
        }
    };
    tokio::select! {
        biased;
        caught = tokio::signal::ctrl_c() => caught.map_err(|error| {
            Failure::new(format!("Error waiting for an interrupt: {error}"))
        }),
        ended = watching => ended,
    }
}

fn show(world: &mut World, before: Option<&Look>, now: &Look) {
    if world.out.is_terminal() {
        draw(world, &now.parts);
    } else {
        let empty = BTreeMap::new();
        let old = before.map_or(&empty, |look| &look.lines);
        for line in changes(old, &now.lines) {
            world.out.line(line);
        }
    }
    world.out.flush();
}

fn draw(world: &mut World, parts: &[Part]) {
    let foot = format!("{}, every second until Ctrl-C", World::time_of_day());
    let screen = screen(parts, &foot, world.out.size());
    world.out.raw(screen);
}

/// A line for each thing that is new, other than before, or gone.
fn changes(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let changed = new
        .iter()
        .filter(|(about, line)| old.get(*about) != Some(*line))
        .map(|(_, line)| in_line(line));
    let gone = old
        .keys()
        .filter(|about| !new.contains_key(*about))
        .map(|about| format!("{}  gone", in_line(about)));
    changed.chain(gone).collect()
}

/// Does something, and says on standard error what it is as soon as that takes long: in a terminal
/// with the seconds that have passed.
pub(super) async fn wait_for<T>(world: &mut World, what: &str, work: impl Future<Output = T>) -> T {
    let begin = Instant::now();
    let mut next = begin + SAY_AFTER;
    let mut is_said = false;
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            () = sleep_until(next) => {
                next += SAY_AFTER;
                if world.out.is_watched() {
                    let passed = begin.elapsed().as_secs();
                    world.out.status(&format!("\r{what} ({passed} s){END_LINE}"));
                } else if !is_said {
                    world.out.problem(what);
                }
                is_said = true;
            }
        }
    };
    if is_said && world.out.is_watched() {
        world.out.status(&format!("\r{END_LINE}"));
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::Captured;

    #[tokio::test(start_paused = true)]
    async fn what_is_waited_for_is_said_once_and_only_if_it_takes_long() {
        for (takes, said) in [(900, ""), (5_000, "Joining 10.0.0.5 (1 of 2)\n")] {
            let (mut world, captured) = Captured::world([]);
            let work = sleep(Duration::from_millis(takes));
            wait_for(&mut world, "Joining 10.0.0.5 (1 of 2)", work).await;
            assert_eq!(captured.stderr(), said, "{takes}");
            assert_eq!(captured.stdout(), "");
        }
    }

    fn lines(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        of.iter().map(owned).collect()
    }

    #[test]
    fn only_what_changed_is_a_line() {
        let old = lines(&[("s1", "s1  alive"), ("s2", "s2  alive"), ("s3", "s3  left")]);
        let new = lines(&[
            ("s1", "s1  alive"),
            ("s2", "s2  failed"),
            ("s4", "s4  alive"),
        ]);
        assert_eq!(changes(&old, &new), ["s2  failed", "s4  alive", "s3  gone"]);
        assert_eq!(changes(&new, &new), Vec::<String>::new());
    }
}
