//! What a program printed: words, JSON lines, or one JSON list.
//!
//! Pure. An error is a phrase that follows `the output`.

use crate::list::{self, Entry};
use crate::{Host, Instance, place};

/// The instances in an output.
pub(super) fn instances(stdout: &[u8], call: &'static str) -> Result<Vec<Instance>, String> {
    let text = std::str::from_utf8(stdout).map_err(|_no_text| "is not UTF-8")?;
    let text = text.trim();
    if text.is_empty() {
        return Err("is empty; no address is `[]`".to_owned());
    }
    let wrong = |error: serde_json::Error| format!("is wrong: {error}");
    // `[fd00::1]:8301` begins like a list and is none; no list of addresses has a bare colon there.
    match serde_json::from_str::<Vec<Entry>>(text) {
        Ok(list) => return list::instances(list, call),
        Err(error) if is_json_list(text) => return Err(wrong(error)),
        Err(_no_list) => {}
    }
    if text.starts_with('{') {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let entries: Result<Vec<Entry>, _> = lines.map(serde_json::from_str).collect();
        return list::instances(entries.map_err(wrong)?, call);
    }
    text.split_whitespace()
        .map(|word| address(word, call))
        .collect()
}

/// Says whether it is meant as a JSON list.
fn is_json_list(text: &str) -> bool {
    let inside = text.strip_prefix('[').map(str::trim_start);
    inside.is_some_and(|inside| inside.starts_with(['"', '{', '[', ']']))
}

/// An address with an optional port, or a name with one, in double quotes or not. A bare word is
/// more likely part of a message than a host.
fn address(word: &str, call: &'static str) -> Result<Instance, String> {
    let inner = word
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let word = inner.unwrap_or(word);
    if word.contains('%') {
        return Err(format!(
            "has `{word}`, which others cannot reach: its zone is this machine's"
        ));
    }
    match place::parse(word) {
        Ok((Host::Name(_), None)) => Err(format!(
            "has `{word}`, which is neither an address nor a name with a port"
        )),
        Ok(_place) => list::instance(word, call),
        Err(why) => Err(why),
    }
}
