//! A histogram over powers of two, as far as openraft and raft-log use the crate whose name this
//! one bears.
//!
//! That crate computes, with the first histogram, the limits of all buckets of all sixteen
//! resolutions that it offers: 25 MiB that a server held for its whole life, three fifths of what
//! was resident, for a few counters that nobody shows. Here a limit is computed when it is asked
//! for (ADR 17). The answers are the same at the resolution that is used: four buckets to a
//! power of two.

use std::fmt;
use std::marker::PhantomData;

/// Bits of a value below its highest one that tell the buckets of one power of two apart.
const FINE_BITS: u32 = 2;

/// Buckets of one power of two.
const FINE: usize = 1 << FINE_BITS;

/// Values below four have a bucket each, and each of the 62 powers of two above has its four.
const BUCKETS: usize = FINE * 63;

/// How often values came up, each to a quarter of its power of two. The parameter is there for
/// those who name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram<T = ()> {
    counts: Vec<u64>,
    of: PhantomData<T>,
}

/// Where the values of a histogram lie; all zero if there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PercentileStats {
    /// How many values there are.
    pub samples: u64,
    /// Half of the values are in this bucket or below: its least value.
    pub p50: u64,
    /// The same for nine tenths of the values.
    pub p90: u64,
    /// The same for 99 of a hundred.
    pub p99: u64,
    /// The same for 999 of a thousand.
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            samples,
            p50,
            p90,
            p99,
            p99_9,
        } = self;
        write!(
            f,
            "{samples} samples: {p50} (half), {p90} (90 %), {p99} (99 %), {p99_9} (99.9 %)"
        )
    }
}

/// Named histograms one below the other, a line each.
#[derive(Debug, Clone, Default)]
pub struct AsciiChart {
    lines: Vec<(String, PercentileStats)>,
}

impl AsciiChart {
    /// A chart without a line.
    pub const fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// Adds a line for a histogram.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "those who call it give theirs away"
    )]
    pub fn add<T>(mut self, name: impl Into<String>, histogram: Histogram<T>) -> Self {
        self.lines.push((name.into(), histogram.percentile_stats()));
        self
    }
}

impl fmt::Display for AsciiChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines
            .iter()
            .try_for_each(|(name, stats)| writeln!(f, "{name}: {stats}"))
    }
}

impl<T> Default for Histogram<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Histogram<T> {
    /// A histogram without a value. It takes no memory until the first one.
    pub const fn new() -> Self {
        Self {
            counts: Vec::new(),
            of: PhantomData,
        }
    }

    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts a value that came up so many times.
    pub fn record_n(&mut self, value: u64, times: u64) {
        if self.counts.is_empty() {
            self.counts.resize(BUCKETS, 0);
        }
        if let Some(count) = self.counts.get_mut(bucket(value)) {
            *count = count.saturating_add(times);
        }
    }

    /// Where the values lie.
    pub fn percentile_stats(&self) -> PercentileStats {
        let samples = self
            .counts
            .iter()
            .fold(0_u64, |sum, count| sum.saturating_add(*count));
        PercentileStats {
            samples,
            p50: self.least_of(samples, 500),
            p90: self.least_of(samples, 900),
            p99: self.least_of(samples, 990),
            p99_9: self.least_of(samples, 999),
        }
    }

    /// The least value of the bucket in which so many of a thousand values are reached.
    fn least_of(&self, samples: u64, permille: u128) -> u64 {
        let wanted = u128::from(samples).saturating_mul(permille).div_ceil(1_000);
        let mut seen = 0_u128;
        let reached = self.counts.iter().position(|count| {
            seen = seen.saturating_add(u128::from(*count));
            seen >= wanted && seen > 0
        });
        reached.map_or(0, least)
    }
}

/// The bucket of a value.
fn bucket(value: u64) -> usize {
    let Some(power) = value.checked_ilog2().filter(|power| *power >= FINE_BITS) else {
        return usize::try_from(value).unwrap_or(0);
    };
    let shift = power.saturating_sub(FINE_BITS);
    let fine = usize::try_from(value >> shift).unwrap_or(0) % FINE;
    let group = usize::try_from(shift).unwrap_or(0).saturating_add(1);
    group.saturating_mul(FINE).saturating_add(fine)
}

/// The least value of a bucket.
fn least(bucket: usize) -> u64 {
    let (group, fine) = (bucket / FINE, bucket % FINE);
    let small = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    match group.checked_sub(1) {
        None => small(fine),
        Some(shift) => {
            let shift = u32::try_from(shift).unwrap_or(u32::MAX);
            let value = small(FINE.saturating_add(fine));
            value.checked_shl(shift).unwrap_or(u64::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_the_bucket_whose_least_value_is_not_above_it() {
        let powers = (0..u64::BITS).map(|bit| 1_u64 << bit);
        let near = powers.flat_map(|value| [value - 1, value, value + value / 3]);
        for value in (0..5_000).chain(near).chain([u64::MAX]) {
            let at = bucket(value);
            assert!(at < BUCKETS, "{value}");
            assert!(least(at) <= value, "{value}");
            assert!(at + 1 == BUCKETS || value < least(at + 1), "{value}");
        }
    }

    #[test]
    fn percentiles_are_the_least_values_of_their_buckets() {
        let mut histogram = Histogram::<()>::new();
        assert_eq!(histogram.percentile_stats(), PercentileStats::default());
        for value in 1..=100 {
            histogram.record(value);
        }
        let expected = PercentileStats {
            samples: 100,
            p50: 48,
            p90: 80,
            p99: 96,
            p99_9: 96,
        };
        assert_eq!(histogram.percentile_stats(), expected);
        let chart = AsciiChart::new().add("waits", histogram).to_string();
        assert_eq!(chart, format!("waits: {expected}\n"));
        let mut zero = Histogram::<()>::default();
        zero.record(0);
        assert_eq!(zero.percentile_stats().samples, 1);
    }
}
