//! How the reason why an agent does not serve is told.

use crate::http::{SourceJson, WhyJson};

/// Columns before what a row says.
pub(super) const INDENT: usize = 11;

/// The reason: the line first, then what it means, who is missing, what to do, and how each source
/// does.
pub(super) fn lines(why: &WhyJson) -> Vec<String> {
    let held = seconds(why.since_seconds);
    let mut lines = vec![headline(why)];
    let mut row = |name: &str, text: &str| {
        if !text.is_empty() {
            lines.push(format!("  {name:<8} {text}"));
        }
    };
    row("since", &format!("{held} ({})", why.since));
    // A line that says nothing of its own is the meaning itself.
    if why.meaning != why.line {
        row("meaning", &why.meaning);
    }
    row("missing", &why.missing.join(", "));
    row("to do", &why.advice);
    for source in &why.sources {
        row("source", &line(source));
    }
    lines
}

/// The reason in a line.
pub(super) fn headline(why: &WhyJson) -> String {
    format!("{}: {}", why.code, why.line)
}

fn line(source: &SourceJson) -> String {
    let mut parts = vec![format!("{}: {}", source.source, source.doing)];
    if source.attempt > 0 {
        parts.push(format!(", attempt {}", source.attempt));
    }
    if let Some(busy) = source.busy_seconds {
        parts.push(format!(", for {} so far", seconds(busy)));
    }
    if let Some(next) = source.next_attempt_seconds {
        parts.push(format!(", next in {}", seconds(next)));
    }
    if source.code.is_empty() {
        return parts.concat();
    }
    parts.push(format!("; last: {}", source.code));
    if let Some(ago) = source.failed_seconds_ago {
        parts.push(format!(" {} ago", seconds(ago)));
    }
    if !source.error.is_empty() {
        parts.push(format!(": {}", source.error));
    }
    parts.concat()
}

/// A time as people read it: tenths below a minute, else whole seconds.
fn seconds(time: f64) -> String {
    if time < 60.0 {
        format!("{time:.1} s")
    } else {
        format!("{time:.0} s")
    }
}
