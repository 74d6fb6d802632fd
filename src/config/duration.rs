//! Durations as Go writes them: `30s`, `1h30m`, `1.5s`, `250ms` (Go, `time.ParseDuration`).

use std::time::Duration;

/// Nanoseconds of each unit, the longer spelling before the shorter one that it ends in.
const UNITS: &[(&str, u128)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// More digits than any duration needs; keeps the arithmetic far from its bounds.
const DIGITS_MAX: usize = 18;

/// Reads a duration; `0` alone needs no unit, and there is none below zero.
///
/// # Errors
/// What is wrong, and how to write it.
pub fn parse(text: &str) -> Result<Duration, &'static str> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.is_empty() {
        return Err("is empty; write a number and a unit, such as 30s or 1h30m");
    }
    if text.starts_with('-') {
        return Err("a duration below zero has no meaning here");
    }
    let mut rest = text;
    let mut nanos = 0_u128;
    while !rest.is_empty() {
        let (part, after) = parse_part(rest)?;
        nanos += part;
        rest = after;
    }
    let nanos = u64::try_from(nanos).map_err(|_too_long| "is longer than 584 years")?;
    Ok(Duration::from_nanos(nanos))
}

/// Reads one number with its unit; gives its nanoseconds and the rest.
fn parse_part(text: &str) -> Result<(u128, &str), &'static str> {
    const SHAPE: &str = "write numbers with units (ns, us, ms, s, m, h), such as 30s or 1h30m";
    let number_len = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, rest) = text
        .split_at_checked(number_len.unwrap_or(text.len()))
        .ok_or(SHAPE)?;
    let unit_len = rest.find(|c: char| c.is_ascii_digit() || c == '.');
    let (unit, rest) = rest
        .split_at_checked(unit_len.unwrap_or(rest.len()))
        .ok_or(SHAPE)?;
    if unit.is_empty() {
        return Err("has no unit; write one, such as 30s or 1h30m");
    }
    let scale = UNITS.iter().find(|(name, _)| *name == unit);
    let (_, scale) = scale.ok_or(SHAPE)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_empty = whole.is_empty() && fraction.is_empty();
    if is_empty || fraction.contains('.') || whole.len().max(fraction.len()) > DIGITS_MAX {
        return Err(SHAPE);
    }
    let whole: u128 = format!("0{whole}").parse().map_err(|_no_number| SHAPE)?;
    let part: u128 = format!("0{fraction}").parse().map_err(|_no_number| SHAPE)?;
    let places = fraction.chars().fold(1_u128, |places, _| places * 10);
    Ok((whole * scale + part * scale / places, rest))
}

/// Writes a duration so that [`parse`] reads it back, in the largest unit that leaves no fraction.
pub(super) fn format(time: Duration) -> String {
    let nanos = time.as_nanos();
    let fits = |(_, scale): &&(&str, u128)| nanos.is_multiple_of(*scale);
    match UNITS.iter().rev().find(fits) {
        Some((unit, scale)) if nanos > 0 => format!("{}{unit}", nanos / scale),
        _ => "0s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_go_is_read() {
        let rows = [
            ("0", 0),
            ("30s", 30_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1_500),
            (".5s", 500),
            ("250ms", 250),
            ("168h", 604_800_000),
            ("1h0m0.001s", 3_600_001),
        ];
        for (text, millis) in rows {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(parse("3µs"), Ok(Duration::from_micros(3)));
    }

    #[test]
    fn a_text_that_is_no_duration_is_refused() {
        for text in [
            "",
            "30",
            "s",
            "-1s",
            "1d",
            "1s2",
            "1..5s",
            ".s",
            "1 s",
            "9999999999h",
            "1e3s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_reads_back_what_it_wrote() {
        for text in ["0s", "30s", "90m", "1500ms", "168h", "1ns"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
    }
}
