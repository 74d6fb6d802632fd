//! The numbers of retry-join.

use std::num::NonZeroU32;
use std::time::Duration;

use super::backoff;

/// The longest backoff of a server that belongs to a cluster. Chosen: where every address of a
/// cluster changed, it is back within a quarter of a minute of the list that says so, elections and
/// all; a handful of servers that ask this often is little for any API.
const MEMBER: Duration = Duration::from_secs(10);

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

    /// [`Self::configured`] for a server that belongs to a cluster already. While it finds nobody the
    /// cluster may be without a leader, and all may have moved, so it looks more often; its attempts
    /// are as many more, so that it is no less patient.
    pub fn of_member(interval: Duration, retry_max: Option<NonZeroU32>) -> Self {
        let shortened = interval.min(MEMBER);
        let times = interval.as_millis().div_ceil(MEMBER.as_millis()).max(1);
        let times = u32::try_from(times).map_or(NonZeroU32::MAX, |times| {
            NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN)
        });
        Self::configured(shortened, retry_max.map(|max| max.saturating_mul(times)))
    }

    /// Says whether a source that failed this often has used up its attempts.
    pub(super) fn is_used_up(&self, attempts: u32) -> bool {
        self.retry_max.is_some_and(|max| attempts > max.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_a_cluster_looks_more_often_and_no_shorter() {
        let max = NonZeroU32::new;
        let rows = [
            (1, Some(5), 1, Some(7)),
            (10, Some(5), 10, Some(11)),
            (30, Some(5), 10, Some(21)),
            (31, Some(5), 10, Some(26)),
            (30, None, 10, None),
            (0, Some(5), 0, Some(5)),
            (u64::MAX, Some(5), 10, Some(u32::MAX)),
        ];
        for (interval, retry_max, longest, attempts) in rows {
            let retry_max = retry_max.and_then(max);
            let policy = Policy::of_member(Duration::from_secs(interval), retry_max);
            assert_eq!(policy.interval, Duration::from_secs(longest), "{interval}");
            assert_eq!(policy.retry_max, attempts.and_then(max), "{interval}");
        }
    }
}
