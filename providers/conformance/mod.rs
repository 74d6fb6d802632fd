//! What every provider must do, as a suite that runs over any [`Provider`].
//!
//! ```no_run
//! use quorate_providers::Provider;
//! use quorate_providers::conformance::{Sample, check};
//!
//! # async fn example(mine: &'static dyn Provider) {
//! // In a test of one's own, with `#[tokio::test(start_paused = true)]`, or hangs take time:
//! let sample = Sample::of("provider=mine token=hush").page("/v1/list", r#"{"items": []}"#);
//! let faults = check(mine, &sample).await;
//! assert!(faults.is_empty(), "{faults:#?}");
//! # }
//! ```
//!
//! The suite plays the world through the doors of [`crate::Io`]: a server that answers badly in
//! each way of [`Bad`], a clock that jumps, no name, no file but those of the sample, no program.
//! Checked are
//!
//! - the tables: a name that can stand in `provider=`, documented keys, sorted, each once;
//! - queries: a missing or unknown key is refused with its name and the nearest right one, offline;
//! - secrets: in no text that is shown, also where the vendor repeats them;
//! - of a provider with the key `endpoint`: each bad answer is an error of the right [`Kind`] within
//!   the deadline, never a panic and never an empty list; and, with a good answer in the sample,
//!   that a lookup survives a bad minute, pages that run in a circle, lead elsewhere or never end,
//!   and being dropped between any two polls.
//!
//! Not checked is what only the vendor's documentation can say: whether requests and fields are
//! the right ones.

mod bad;
mod cancel;
mod pages;
mod sample;
#[cfg(test)]
mod samples;
mod secrets;
mod stage;
mod table;
#[cfg(test)]
mod tests;

pub use bad::Bad;
pub use sample::Sample;

use std::error::Error;
use std::fmt;

use crate::keys::Keys;
use crate::{Provider, Query, Registry, ResolveError};

#[cfg(doc)]
use crate::Kind;

/// The longest text of what was seen: an answer can be long.
const SEEN_CHARS_MAX: usize = 500;

/// A rule that a provider breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The rule, as a sentence.
    pub rule: &'static str,
    /// What was seen.
    pub seen: String,
}

impl Fault {
    fn new(rule: &'static str, seen: impl Into<String>) -> Self {
        let seen: String = seen.into();
        let seen = seen.chars().take(SEEN_CHARS_MAX).collect();
        Self { rule, seen }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.seen)
    }
}

/// A provider that is being checked.
#[derive(Debug, Clone)]
struct Subject<'a> {
    provider: &'static dyn Provider,
    registry: Registry,
    sample: &'a Sample,
    /// The query of the sample, else one that was made from the tables.
    text: String,
}

impl Subject<'_> {
    fn keys(&self) -> Keys {
        self.provider.keys()
    }

    fn parse(&self, text: &str) -> Result<Query, crate::QueryError> {
        self.registry.parse(text)
    }

    fn is_over_http(&self) -> bool {
        let mut keys = self.keys().iter().copied().flatten();
        keys.any(|key| key.name == "endpoint")
    }
}

/// Checks a provider, and gives every rule that it breaks. Where the sample has no query, one is
/// made from the tables of keys.
///
/// # Panics
///
/// Outside of a Tokio runtime with time.
pub async fn check(provider: &'static dyn Provider, sample: &Sample) -> Vec<Fault> {
    let registry = Registry::empty().with(provider);
    let mut faults = table::tables(provider);
    let text = match sample.query(provider, &registry) {
        Ok(text) => text,
        Err(why) => {
            faults.push(Fault::new("there is a query that parses", why));
            return faults;
        }
    };
    let subject = Subject {
        provider,
        registry,
        sample,
        text,
    };
    faults.extend(table::queries(&subject));
    faults.extend(secrets::offline(&subject));
    if subject.is_over_http() {
        faults.extend(bad::check(&subject).await);
        faults.extend(secrets::repeated(&subject).await);
        if sample.has_pages() {
            let wrong = pages::check(&subject).await;
            if wrong.is_empty() {
                faults.extend(cancel::check(&subject).await);
            }
            faults.extend(wrong);
        }
    }
    faults
}

/// All that an error says, with what lies behind it, for people and for programmers.
fn told(error: &ResolveError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text} {cause} {cause:?}");
        next = cause.source();
    }
    text
}
