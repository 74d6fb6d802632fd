//! A time stamp in UTC, from the clock's count of days.

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime};

/// Seconds of a day; the Unix clock has no leap seconds.
const DAY: u64 = 86_400;

/// Digits behind the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// Three, as in a text line.
    Millis,
    /// Six, as in a JSON line.
    Micros,
}

/// A moment as RFC 3339 in UTC, to the second; from milliseconds since the Unix epoch.
pub fn utc(ms: u64) -> String {
    let mut text = String::new();
    // A text takes whatever is written to it.
    let _written = write_seconds(&mut text, Duration::from_millis(ms));
    text.push('Z');
    text
}

/// Writes a time as RFC 3339 in UTC. A clock before 1970 shows as 1970.
pub(super) fn write_time(
    out: &mut impl Write,
    time: SystemTime,
    precision: Precision,
) -> fmt::Result {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    write_seconds(out, since)?;
    match precision {
        Precision::Millis => write!(out, ".{:03}Z", since.subsec_millis()),
        Precision::Micros => write!(out, ".{:06}Z", since.subsec_micros()),
    }
}

fn write_seconds(out: &mut impl Write, since: Duration) -> fmt::Result {
    let (days, second) = (since.as_secs() / DAY, since.as_secs() % DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    write!(
        out,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    )
}

/// Year, month and day of a count of days since 1970-01-01, in the proleptic Gregorian calendar.
///
/// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`: years are counted
/// from March, so that the leap day is the last day of a year, and in eras of 400 years, which
/// all have 146,097 days.
const fn date(days: u64) -> (u64, u64, u64) {
    // 0000-03-01 to 1970-01-01.
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leap_days = day_of_era / 1_460 + day_of_era / 146_096 - day_of_era / 36_524;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March have 153 days per five.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, carry) = if month_from_march < 10 {
        (month_from_march + 3, 0)
    } else {
        (month_from_march - 9, 1)
    };
    (era * 400 + year_of_era + carry, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(millis: u64, precision: Precision) -> String {
        let mut out = String::new();
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        write_time(&mut out, time, precision).unwrap();
        out
    }

    /// Expected values from `date -u -d @SECONDS`.
    #[test]
    fn known_moments_are_written_as_the_world_writes_them() {
        let rows = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_735_787_045_678, "2025-01-02T03:04:05.678Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (4_107_456_000_000, "2100-02-28T00:00:00.000Z"),
        ];
        for (millis, expected) in rows {
            assert_eq!(text(millis, Precision::Millis), expected);
        }
        assert_eq!(text(7, Precision::Micros), "1970-01-01T00:00:00.007000Z");
        assert_eq!(utc(1_735_787_045_678), "2025-01-02T03:04:05Z");
    }

    /// Against a calendar that only knows how long months are.
    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let is_leap = |year| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let mut expected = (1970, 1, 1);
        for days in 0..146_097 {
            assert_eq!(date(days), expected, "day {days}");
            let (year, month, day) = expected;
            let length = match month {
                2 if is_leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, last) if last == length => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
    }

    #[test]
    fn a_clock_before_1970_does_not_panic() {
        let mut out = String::new();
        let time = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        write_time(&mut out, time, Precision::Millis).unwrap();
        assert_eq!(out, "1970-01-01T00:00:00.000Z");
    }
}
