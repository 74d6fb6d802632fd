//! When a query is looked up again.
//!
//! Pure: chance is handed in.

use std::time::Duration;

use crate::{Answer, ResolveError, Retry};

/// No answer is asked for more often, whatever its TTL. Chosen: a name server's smallest TTL of use.
pub(super) const REFRESH_MIN: Duration = Duration::from_secs(1);

/// The first pause after an error lies between half of this and all of it; it doubles.
const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// As the first pause after an error, for a part that is missing while others were read. Chosen:
/// what was found is enough to join by, and an API that fails in part is busy.
const PAUSE_PART: Duration = Duration::from_secs(10);

/// After a pause that a vendor asked for, all that were throttled together ask within this time
/// at least, and not at its end. As the spread of the tries within a lookup.
const SPREAD_MIN: Duration = Duration::from_secs(10);

/// How a lookup ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ended<'a> {
    /// With an answer, complete or not.
    Answered(&'a Answer),
    /// Without.
    Failed(&'a ResolveError),
}

/// The pause until the next lookup; none if there need not be one. `failures` counts lookups in a
/// row that were not complete, this one included.
pub(super) fn pause(
    ended: Ended<'_>,
    failures: u32,
    refresh: Duration,
    chance: f64,
) -> Option<Duration> {
    let chance = chance.clamp(0.0, 1.0);
    let again = |first, retry| match retry {
        Retry::Never => None,
        Retry::Backoff => {
            let pause = doubled(first, failures).min(refresh);
            Some(pause.mul_f64(0.5 + chance / 2.0))
        }
        Retry::After(time) => Some(time + spread(time, failures).mul_f64(chance)),
    };
    match ended {
        Ended::Failed(error) => again(PAUSE_FIRST, error.retry()),
        Ended::Answered(answer) if answer.is_complete() => {
            let stays = answer.fresh_for.unwrap_or(refresh);
            let interval = stays.max(REFRESH_MIN).min(refresh);
            Some(interval.mul_f64(1.0 + chance / 4.0))
        }
        Ended::Answered(answer) => {
            let retries = answer.gaps.iter().map(|gap| gap.error.retry());
            let pauses = retries.map(|retry| again(PAUSE_PART, retry));
            // A part that is refused for good is asked for with the others, at their pace.
            Some(pauses.flatten().max().unwrap_or(refresh))
        }
    }
}

fn doubled(first: Duration, failures: u32) -> Duration {
    first.saturating_mul(1 << failures.saturating_sub(1).min(16))
}

fn spread(asked: Duration, failures: u32) -> Duration {
    doubled(SPREAD_MIN, failures.min(3)).max(asked / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Gap, Kind};

    const REFRESH: Duration = Duration::from_mins(5);

    fn secs(pause: Option<Duration>) -> Option<f64> {
        pause.map(|pause| pause.as_secs_f64())
    }

    #[test]
    fn a_complete_answer_is_asked_for_again_when_it_may_have_changed() {
        let rows = [
            (None, 0.0, 300.0),
            (None, 1.0, 375.0),
            (Some(60), 0.0, 60.0),
            (Some(60), 1.0, 75.0),
            (Some(0), 0.0, 1.0),
            (Some(86_400), 0.0, 300.0),
        ];
        for (ttl, chance, wanted) in rows {
            let answer = Answer {
                fresh_for: ttl.map(Duration::from_secs),
                ..Answer::default()
            };
            let found = pause(Ended::Answered(&answer), 0, REFRESH, chance);
            assert_eq!(secs(found), Some(wanted), "{ttl:?} {chance}");
        }
    }

    #[test]
    fn an_error_is_followed_by_what_it_says_and_never_sooner() {
        let error = |kind| ResolveError::new(kind, "http", "list");
        let wait = error(Kind::Throttled).with_pause(Duration::from_mins(1));
        let rows = [
            (error(Kind::Query), 1, 0.0, None),
            (error(Kind::Timeout), 1, 0.0, Some(0.5)),
            (error(Kind::Timeout), 3, 1.0, Some(4.0)),
            (error(Kind::Denied), 60, 1.0, Some(300.0)),
            (wait.clone(), 1, 0.0, Some(60.0)),
            (wait, 1, 1.0, Some(75.0)),
        ];
        for (error, failures, chance, wanted) in rows {
            let found = pause(Ended::Failed(&error), failures, REFRESH, chance);
            assert_eq!(secs(found), wanted, "{error} {failures} {chance}");
        }
    }

    #[test]
    fn a_gap_is_tried_again_later_than_an_error() {
        let error = ResolveError::new(Kind::Unavailable, "http", "list");
        let gap = Gap {
            part: "zone b".to_owned(),
            error,
        };
        let answer = Answer {
            gaps: vec![gap],
            ..Answer::default()
        };
        let found = pause(Ended::Answered(&answer), 1, REFRESH, 1.0);
        assert_eq!(secs(found), Some(10.0));
    }
}
