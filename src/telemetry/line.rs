//! The form of one line, as text and as JSON.
//!
//! Consul's, which is that of Go's `hclog`, with one difference: a line break in a value is
//! escaped in place of being written over several lines, so that a line is always one event and
//! nobody can write lines of his own by way of a name or an error.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::Level;
use super::time::{Precision, write_time};

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// Consul's text. The default.
    #[default]
    Text,
    /// One JSON object per line, with Consul's keys (`-log-json`).
    Json,
}

/// Fields in the order they were given.
pub(super) type Fields = Vec<(&'static str, Value)>;

/// One event, ready to be written.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// When.
    pub(super) time: SystemTime,
    /// How bad.
    pub(super) level: Level,
    /// `tracing`'s target: a logger's name, or a module path.
    pub(super) target: &'a str,
    /// What.
    pub(super) message: String,
    /// With what.
    pub(super) fields: Fields,
}

impl Line<'_> {
    /// The line with its line break.
    pub(super) fn render(self, format: Format) -> String {
        let mut out = String::with_capacity(160);
        let written = match format {
            Format::Text => self.write_text(&mut out),
            Format::Json => self.write_json(&mut out),
        };
        // Writing to a string fails only if a value's own form does.
        if written.is_err() {
            out.push_str("(a field cannot be written)");
        }
        out.push('\n');
        out
    }

    fn write_text(&self, out: &mut String) -> fmt::Result {
        write_time(out, self.time, Precision::Millis)?;
        let level = match self.level {
            Level::Trace => "[TRACE]",
            Level::Debug => "[DEBUG]",
            Level::Info => "[INFO] ",
            Level::Warn => "[WARN] ",
            Level::Error => "[ERROR]",
        };
        write!(out, " {level} {}: ", logger(self.target))?;
        write_escaped(out, &self.message)?;
        if !self.fields.is_empty() {
            out.push(':');
        }
        for (name, value) in &self.fields {
            write!(out, " {name}=")?;
            match value {
                Value::String(text) if needs_quotes(text) => {
                    out.push('"');
                    write_escaped(out, &text.replace('\\', "\\\\").replace('"', "\\\""))?;
                    out.push('"');
                }
                Value::String(text) => out.push_str(text),
                other => write!(out, "{other}")?,
            }
        }
        Ok(())
    }

    fn write_json(self, out: &mut String) -> fmt::Result {
        let mut time = String::new();
        write_time(&mut time, self.time, Precision::Micros)?;
        let mut object = Map::new();
        for (name, value) in self.fields {
            object.insert(name.to_owned(), value);
        }
        let own = [
            ("@level", self.level.as_str().to_owned()),
            ("@message", self.message),
            ("@module", logger(self.target).into_owned()),
            ("@timestamp", time),
        ];
        for (name, text) in own {
            object.insert(name.to_owned(), Value::String(text));
        }
        write!(out, "{}", Value::Object(object))
    }
}

/// The logger's name of a target. Ours are named as Consul's parts; a module path becomes the
/// room's name below `agent`; a dependency keeps its own.
fn logger(target: &str) -> Cow<'_, str> {
    let mut path = target.split("::");
    match (path.next(), path.next()) {
        (Some("quorate"), None | Some("agent")) => "agent".into(),
        (Some("quorate"), Some("raft")) => "agent.server.raft".into(),
        (Some("quorate"), Some(room)) => format!("agent.{room}").into(),
        (Some("quorate_providers"), _) => "agent.providers".into(),
        (_, Some(_)) => target.replace("::", ".").into(),
        (_, None) => target.into(),
    }
}

/// As `hclog`: white space, quotes, and what does not show.
fn needs_quotes(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_whitespace() || c.is_control() || c == '"')
}

/// Writes control characters in Rust's escapes, of which those that occur are Go's too.
fn write_escaped(out: &mut String, text: &str) -> fmt::Result {
    for c in text.chars() {
        if c.is_control() {
            write!(out, "{}", c.escape_default())?;
        } else {
            out.push(c);
        }
    }
    Ok(())
}
