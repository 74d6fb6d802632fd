//! How long to sleep, as windows that the driver draws in.
//!
//! Full jitter: from nothing to a cap that doubles. It spreads a crowd that failed together over
//! the whole window and costs the fewest calls (M. Brooker, "Exponential Backoff And Jitter",
//! AWS Architecture Blog, 2015).

use std::time::Duration;

use super::{Policy, Retry, Window};

/// The cap after the first attempt (design, section 6).
const FIRST: Duration = Duration::from_millis(250);

/// The longest pause after an attempt that worked while others are awaited to found a cluster with.
/// Chosen: a cluster shall have a leader within 5 s after the last of its founders is to be seen
/// (demand study, A1), and the founding takes its part of that.
const SOON: Duration = Duration::from_secs(3);

/// How many such pauses a source gets: about five minutes of them. Chosen: longer than the machines
/// of one cluster take to come up, and then a vendor is called as seldom as by anybody else.
pub(super) const SOON_COUNT: u32 = 200;

/// The window after an attempt that worked, while others are awaited to found a cluster with.
pub(super) fn soon(policy: &Policy, attempt: u32) -> Window {
    let window = after_attempt(policy, attempt, Retry::Soon);
    Window {
        to: window.to.min(SOON),
        ..window
    }
}

/// The window after an attempt, which counts from 1, that shall be followed by another.
pub(super) fn after_attempt(policy: &Policy, attempt: u32, retry: Retry) -> Window {
    let doublings = attempt.saturating_sub(1);
    let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
    let cap = FIRST.saturating_mul(factor).min(policy.interval);
    let from = match retry {
        // `Never` does not come here; were it to, a pause is the harmless answer.
        Retry::Never | Retry::Backoff | Retry::Soon => Duration::ZERO,
        Retry::After(pause) => pause.min(policy.refresh),
    };
    Window {
        from,
        to: from.saturating_add(cap),
    }
}

/// How many attempts are made before the cap has grown to an interval.
pub(super) fn quick_attempts(interval: Duration) -> u32 {
    let caps = std::iter::successors(Some(FIRST), |cap| cap.checked_mul(2));
    let quick = caps.take_while(|cap| *cap < interval).count();
    u32::try_from(quick).unwrap_or(u32::MAX)
}

/// The window between two rounds while all is well. Never less than the time, which bounds the
/// calls; up to two fifths more, so that agents that started together drift apart within a few
/// rounds. Chosen.
pub(super) fn refresh(policy: &Policy) -> Window {
    let fifth = policy.refresh.checked_div(5).unwrap_or_default();
    Window {
        from: policy.refresh,
        to: policy.refresh.saturating_add(fifth.saturating_mul(2)),
    }
}

/// How many refreshes pass while an answer stays true. No refresh comes sooner than
/// [`Policy::refresh`] after the one before, so counting them needs no clock.
pub(super) fn refreshes_within(policy: &Policy, fresh_for: Duration) -> u32 {
    let Some(last) = fresh_for.checked_sub(Duration::from_nanos(1)) else {
        return 0;
    };
    match last.as_nanos().checked_div(policy.refresh.as_nanos()) {
        Some(refreshes) => u32::try_from(refreshes).unwrap_or(u32::MAX),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cap_millis(attempt: u32) -> u128 {
        let window = after_attempt(&Policy::default(), attempt, Retry::Backoff);
        assert_eq!(window.from, Duration::ZERO);
        window.to.as_millis()
    }

    #[test]
    fn quick_attempts_end_where_the_cap_is_the_interval() {
        for (seconds, quick) in [(0, 0), (1, 2), (30, 7), (u64::MAX, 66)] {
            let interval = Duration::from_secs(seconds);
            assert_eq!(quick_attempts(interval), quick, "{seconds}");
        }
        assert_eq!(quick_attempts(Duration::from_millis(250)), 0);
    }

    #[test]
    fn the_cap_doubles_from_a_quarter_second_to_the_interval() {
        let caps = [1, 2, 3, 4, 5, 6, 7, 8, 9, u32::MAX].map(cap_millis);
        let expected = [
            250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
        ];
        assert_eq!(caps, expected);
    }

    #[test]
    fn an_interval_below_the_first_cap_wins() {
        let policy = Policy {
            interval: Duration::from_millis(100),
            ..Policy::default()
        };
        let window = after_attempt(&policy, 1, Retry::Backoff);
        assert_eq!(window.to, Duration::from_millis(100));
    }

    #[test]
    fn the_vendors_word_moves_the_window_but_not_for_ever() {
        let policy = Policy::default();
        let window = after_attempt(&policy, 1, Retry::After(Duration::from_secs(7)));
        assert_eq!(window.from, Duration::from_secs(7));
        assert_eq!(window.to, Duration::from_millis(7_250));
        let window = after_attempt(&policy, 1, Retry::After(Duration::MAX));
        assert_eq!(window.from, policy.refresh);
    }

    #[test]
    fn a_refresh_comes_five_to_seven_minutes_after_the_one_before() {
        let window = refresh(&Policy::default());
        assert_eq!(window.from, Duration::from_mins(5));
        assert_eq!(window.to, Duration::from_mins(7));
    }

    #[test]
    fn an_answer_outlasts_the_refreshes_that_come_before_its_end() {
        let rows = [(0, 0), (1, 0), (300, 0), (301, 1), (600, 1), (3_600, 11)];
        for (seconds, refreshes) in rows {
            let found = refreshes_within(&Policy::default(), Duration::from_secs(seconds));
            assert_eq!(found, refreshes, "{seconds}");
        }
        let policy = Policy {
            refresh: Duration::ZERO,
            ..Policy::default()
        };
        assert_eq!(refreshes_within(&policy, Duration::MAX), 0);
    }

    fn any_duration() -> impl Strategy<Value = Duration> {
        prop_oneof![
            (0..u64::MAX).prop_map(Duration::from_millis),
            (0..600_000_u64).prop_map(Duration::from_millis),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_window_is_a_window_and_none_shrinks_with_the_attempt(
            interval in any_duration(),
            refresh_every in any_duration(),
            pause in any_duration(),
            attempt in any::<u32>(),
        ) {
            let policy = Policy { interval, refresh: refresh_every, ..Policy::default() };
            for retry in [Retry::Backoff, Retry::After(pause)] {
                let now = after_attempt(&policy, attempt, retry);
                let next = after_attempt(&policy, attempt.saturating_add(1), retry);
                prop_assert!(now.from <= now.to);
                prop_assert!(now.to <= next.to);
                prop_assert!(now.to.saturating_sub(now.from) <= interval);
                prop_assert!(now.from <= refresh_every);
            }
            let rest = refresh(&policy);
            prop_assert!(rest.from <= refresh_every && refresh_every <= rest.to);
        }
    }
}
