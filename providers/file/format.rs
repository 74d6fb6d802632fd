//! What is in a file: JSON, YAML, or one host on a line.
//!
//! Pure. An error is a phrase that follows `the list`.

use std::path::Path;

use crate::list::{self, Entry};
use crate::{Instance, yaml};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Yaml,
    Lines,
}

impl Format {
    /// By the query's word, else by the ending.
    pub(super) fn of(word: Option<&str>, path: &Path) -> Self {
        let ending = path.extension().and_then(|ending| ending.to_str());
        match (word, ending) {
            (Some("yaml"), _) => Self::Yaml,
            (Some("lines"), _) => Self::Lines,
            (Some("json"), _) | (_, Some("json")) => Self::Json,
            (_, Some("yaml" | "yml")) => Self::Yaml,
            _ => Self::Lines,
        }
    }
}

/// The hosts in a text. An empty text is an error: it says nothing, not that there is nobody.
pub(super) fn instances(
    format: Format,
    text: &str,
    call: &'static str,
) -> Result<Vec<Instance>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err("is empty; one without hosts is `[]`, or a comment on a line".to_owned());
    }
    let list: Vec<Entry> = match format {
        Format::Lines => return lines(text, call),
        Format::Json => serde_json::from_str(text).map_err(|error| format!("is wrong: {error}"))?,
        Format::Yaml => {
            let value = yaml::parse(text)?;
            serde_json::from_value(value).map_err(|error| format!("is wrong: {error}"))?
        }
    };
    list::instances(list, call)
}

/// One host with an optional port on each line; `#` begins a comment.
fn lines(text: &str, call: &'static str) -> Result<Vec<Instance>, String> {
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1_u32..) {
        let host = line
            .split_once('#')
            .map_or(line, |(host, _comment)| host)
            .trim();
        if !host.is_empty() {
            let one = list::instance(host, call);
            found.push(one.map_err(|why| format!("{why} (line {number})"))?);
        }
    }
    Ok(found)
}
