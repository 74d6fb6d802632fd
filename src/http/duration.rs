//! Reads and writes durations the way Consul's clients write them.
//!
//! Pure. The grammar is that of Go's `time.ParseDuration` (its package documentation): a sign, then
//! one or more decimal numbers, each with a unit. A bare number other than `0` has no unit and is
//! refused.

use std::time::Duration;

/// Nanoseconds of each unit. Longer spellings first: `ms` also begins with `m`.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("\u{b5}s", 1e3),
    ("\u{3bc}s", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// Go's durations are 64-bit counts of nanoseconds.
const NANOS_MAX: f64 = 9.223_372_036_854_775e18;

/// Reads a duration; one below zero becomes zero. None if the text is not a duration.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanos = 0.0;
    while !rest.is_empty() {
        let (term, after) = take_term(rest)?;
        nanos += term;
        rest = after;
    }
    if nanos > NANOS_MAX {
        return None;
    }
    let seconds = if is_negative { 0.0 } else { nanos / 1e9 };
    Duration::try_from_secs_f64(seconds).ok()
}

/// Writes a duration as Go does: hours, minutes and seconds, or below a second one smaller unit.
pub(super) fn format(time: Duration) -> String {
    let fraction = |whole: u128, digits: usize, unit: &str| {
        let text = format!("{whole:0width$}", width = digits + 1);
        let (number, part) = text
            .split_at_checked(text.len() - digits)
            .unwrap_or((&text, ""));
        match part.trim_end_matches('0') {
            "" => format!("{number}{unit}"),
            part => format!("{number}.{part}{unit}"),
        }
    };
    let nanos = time.as_nanos();
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => fraction(nanos, 3, "\u{b5}s"),
        1_000_000..1_000_000_000 => fraction(nanos, 6, "ms"),
        _ => {
            let minutes = time.as_secs() / 60;
            let rest = nanos - u128::from(minutes) * 60_000_000_000;
            let seconds = fraction(rest, 9, "s");
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

/// Takes one number with its unit off the front.
fn take_term(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at_checked(end)?;
    if !number.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    let (unit, nanos) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
    Some((number * nanos, rest.strip_prefix(unit)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let rows = [
            ("0", Some(0)),
            ("5s", Some(5_000)),
            ("1m30s", Some(90_000)),
            ("1.5h", Some(5_400_000)),
            ("100ms", Some(100)),
            (".5s", Some(500)),
            ("2000us", Some(2)),
            ("2000\u{b5}s", Some(2)),
            ("5000000ns", Some(5)),
            ("+3s", Some(3_000)),
            ("-3s", Some(0)),
            ("", None),
            ("-", None),
            ("5", None),
            (".s", None),
            ("s", None),
            ("1.2.3s", None),
            ("5d", None),
            ("5 s", None),
            ("1e3s", None),
            ("99999999999h", None),
        ];
        for (text, millis) in rows {
            assert_eq!(parse(text), millis.map(Duration::from_millis), "{text:?}");
        }
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        let rows = [
            (0, "0s"),
            (7, "7ns"),
            (1_500, "1.5\u{b5}s"),
            (200_000_000, "200ms"),
            (15_250_000, "15.25ms"),
            (1_000_000_000, "1s"),
            (1_050_000_000, "1.05s"),
            (60_000_000_000, "1m0s"),
            (3_661_000_000_000, "1h1m1s"),
            (604_800_000_000_000, "168h0m0s"),
        ];
        for (nanos, text) in rows {
            assert_eq!(format(Duration::from_nanos(nanos)), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(nanos in 0..1_000_000_000_000_000_u64) {
            let time = Duration::from_nanos(nanos);
            let read = parse(&format(time)).unwrap();
            // Read through a float.
            prop_assert!(read.abs_diff(time) < Duration::from_micros(1));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+.0-9a-z\u{b5} ]{0,40}|.{0,20}") {
            let _parsed = parse(&text);
        }
    }
}
