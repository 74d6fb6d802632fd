//! The numbers of retry-join.

use std::num::NonZeroU32;
use std::time::Duration;

use super::backoff;

/// How patient the engine is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The longest backoff, `retry_interval`. Default 30 s (agent reference, 1.1). Less finds late
    /// peers sooner and calls vendors' APIs more often.
    pub interval: Duration,
    /// `retry_max`: N gives N + 1 attempts for each source (agent reference, 1.2); none is
    /// endless, the default, for which Consul writes 0. Counts only until the agent has joined
    /// for the first time.
    pub retry_max: Option<NonZeroU32>,
    /// This agent is a server that shall found a cluster with others and is in none. Until it hears
    /// of a leader it waits for no more than 3 s after an attempt that worked, 200 times at most.
    /// Default: no.
    pub founds: bool,
    /// Least time between two calls of APIs while all is well. Default 5 min (design, section 6).
    pub refresh: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            retry_max: None,
            founds: false,
            refresh: Duration::from_mins(5),
        }
    }
}

impl Policy {
    /// The policy of an operator who wrote `retry_interval` and `retry_max` with Consul in mind.
    ///
    /// His N attempts are `interval` apart. The quick ones before the backoff has grown to the
    /// interval come on top, so that the agent is never less patient than he asked for.
    pub fn configured(interval: Duration, retry_max: Option<NonZeroU32>) -> Self {
        let retry_max = retry_max.map(|max| max.saturating_add(backoff::quick_attempts(interval)));
        Self {
            interval,
            retry_max,
            ..Self::default()
        }
    }

    /// The policy of an agent of which [`Self::founds`] is true or not.
    #[must_use]
    pub const fn founding(self, founds: bool) -> Self {
        Self { founds, ..self }
    }

    /// Says whether a source that failed this often has used up its attempts.
    pub(super) fn is_used_up(&self, attempts: u32) -> bool {
        self.retry_max.is_some_and(|max| attempts > max.get())
    }
}
