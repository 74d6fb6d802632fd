//! Several lookups at once: one that hangs or fails delays no other.

use std::collections::BTreeSet;
use std::future::Future;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use quorate_providers::{Answer, Io, Limits, Query, QueryError, ResolveError, resolve_within};

use super::{Count, World, chain, explain, refusal};

/// What became of one string.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is no query.
    Refused(QueryError),
    /// It is one, and nothing could be read.
    Failed(ResolveError),
    /// An answer, complete or not.
    Answered(Answer),
}

/// An outcome with the string that it is of.
#[derive(Debug)]
pub(super) struct Ended<'a> {
    /// Which of the strings, from 0.
    pub(super) index: usize,
    /// As it was given.
    pub(super) text: &'a str,
    pub(super) outcome: Outcome,
}

impl Ended<'_> {
    /// The addresses that were found, as they are printed.
    pub(super) fn addresses(&self) -> Vec<String> {
        match &self.outcome {
            Outcome::Refused(_) | Outcome::Failed(_) => Vec::new(),
            Outcome::Answered(answer) => answer.contacts.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Strings to resolve, through which doors, within which bounds each.
#[derive(Debug)]
pub(super) struct Lookups<'a> {
    texts: &'a [String],
    io: Io,
    limits: Limits,
}

impl<'a> Lookups<'a> {
    pub(super) const fn new(texts: &'a [String], io: Io, limits: Limits) -> Self {
        Self { texts, io, limits }
    }

    /// Says whether there are several strings, so that each has to be named.
    pub(super) const fn are_several(&self) -> bool {
        self.texts.len() > 1
    }

    /// Starts all; each is told as soon as it has ended.
    pub(super) async fn run(&self, mut tell: impl FnMut(Ended<'a>)) {
        let start = |(index, text): (usize, &'a String)| self.one(index, text);
        let mut running: FuturesUnordered<_> = self.texts.iter().enumerate().map(start).collect();
        while let Some(ended) = running.next().await {
            tell(ended);
        }
    }

    fn one(&self, index: usize, text: &'a str) -> impl Future<Output = Ended<'a>> {
        let (io, limits) = (&self.io, &self.limits);
        async move {
            let outcome = match Query::parse(text) {
                Err(error) => Outcome::Refused(error),
                Ok(query) => match resolve_within(&query, io, limits).await {
                    Err(error) => Outcome::Failed(error),
                    Ok(answer) => Outcome::Answered(answer),
                },
            };
            Ended {
                index,
                text,
                outcome,
            }
        }
    }

    /// Prints the addresses, one per line and each once, as they come, and the rest as problems.
    pub(super) async fn print(&self, is_explained: bool, world: &mut World) -> Count {
        let mut printed = BTreeSet::new();
        let mut count = Count::default();
        self.run(|ended| {
            count.add(&ended.outcome);
            if is_explained && let Outcome::Answered(answer) = &ended.outcome {
                for line in explain::lines(answer) {
                    world.out.problem(self.named(&ended, line));
                }
            }
            self.tell_problems(&ended, world);
            for line in ended.addresses() {
                if printed.insert(line.clone()) {
                    world.out.line(line);
                }
            }
        })
        .await;
        Count {
            found: printed.len(),
            ..count
        }
    }

    /// Tells what is wrong with an outcome.
    pub(super) fn tell_problems(&self, ended: &Ended<'_>, world: &mut World) {
        for problem in problems(ended.text, &ended.outcome) {
            world.out.problem(self.named(ended, problem));
        }
    }

    /// A line about one of several strings, which says which.
    fn named(&self, ended: &Ended<'_>, line: String) -> String {
        if self.are_several() {
            format!("string {}: {line}", ended.index + 1)
        } else {
            line
        }
    }
}

impl Count {
    /// Adds what became of a string, but for its addresses.
    pub(super) const fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Refused(_) | Outcome::Failed(_) => self.missing += 1,
            Outcome::Answered(answer) => {
                self.answered += 1;
                self.missing += answer.gaps.len();
            }
        }
    }
}

/// What is wrong with an outcome: each with its causes on lines of their own.
pub(super) fn problems(text: &str, outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Refused(error) => vec![refusal(text, error)],
        Outcome::Failed(error) => vec![chain("Error resolving", error)],
        Outcome::Answered(answer) => {
            let of =
                |gap: &quorate_providers::Gap| chain(&format!("missing: {}", gap.part), &gap.error);
            answer.gaps.iter().map(of).collect()
        }
    }
}
