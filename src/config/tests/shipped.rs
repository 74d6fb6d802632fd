//! The files that an operator copies: each is right, and the one with all settings says what the
//! table says.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::flags::{SAMPLES, company};
use super::{config, load_given, machine};
use crate::config::command::CommandLine;
use crate::config::{Group, Kind, SETTINGS, Setting, command};

/// Columns of a line of comment.
const COLUMNS: usize = 96;

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "config", name]
        .iter()
        .collect()
}

/// A setting as the reference has it: with its default, or commented out with an example.
fn line(setting: &Setting, indent: &str) -> String {
    let (_, key) = setting.key.rsplit_once('.').unwrap_or(("", setting.key));
    let example = SAMPLES
        .iter()
        .find(|(key, ..)| *key == setting.key)
        .unwrap()
        .1;
    let example = match (setting.is_secret, setting.kind) {
        (true, Kind::List) => "[\"...\"]",
        (true, _) => "\"...\"",
        (false, _) => example,
    };
    match setting.default {
        None => format!("{indent}#{key} = {example}\n"),
        Some(text) if matches!(setting.kind, Kind::Text | Kind::Duration) => {
            format!("{indent}{key} = \"{text}\"\n")
        }
        Some(text) => format!("{indent}{key} = {text}\n"),
    }
}

fn comment(text: &str, indent: &str) -> String {
    let mut lines = vec![format!("{indent}#")];
    for word in text.split_whitespace() {
        let last = lines.last_mut().unwrap();
        if last.len() + 1 + word.len() > COLUMNS {
            lines.push(format!("{indent}# {word}"));
        } else {
            write!(last, " {word}").unwrap();
        }
    }
    lines.join("\n") + "\n"
}

/// The reference: all settings by chapter, blocks after plain settings.
fn reference() -> String {
    let mut text = comment(
        "Every setting of the agent with its default; a setting that has none is commented out and \
         shows an example. Made from the table of settings, so change it there. Files are HCL, JSON \
         or TOML; settings of several files are merged, the last one wins, lists append.",
        "",
    );
    let mut group: Option<Group> = None;
    let mut blocks: Vec<&str> = Vec::new();
    for setting in SETTINGS {
        let mut outer: Vec<&str> = setting.key.split('.').collect();
        outer.pop();
        while !outer.starts_with(&blocks) {
            blocks.pop();
            writeln!(text, "{}}}", "  ".repeat(blocks.len())).unwrap();
        }
        if group != Some(setting.group) {
            group = Some(setting.group);
            write!(text, "\n\n### {}\n", setting.group.heading()).unwrap();
        }
        text.push('\n');
        for block in &outer[blocks.len()..] {
            writeln!(text, "{}{block} {{", "  ".repeat(blocks.len())).unwrap();
            blocks.push(block);
        }
        let indent = &"  ".repeat(blocks.len());
        let flag = setting
            .flag
            .map_or_else(String::new, |flag| format!(" Flag: -{flag}."));
        let reload = if setting.is_reloaded {
            " A reload takes it."
        } else {
            ""
        };
        text.push_str(&comment(&format!("{}{reload}{flag}", setting.doc), indent));
        text.push_str(&line(setting, indent));
    }
    text
}

#[test]
fn the_reference_says_what_the_table_says() {
    let wanted = reference();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path("agent.hcl"), &wanted).unwrap();
    }
    let found = fs::read_to_string(path("agent.hcl")).unwrap();
    assert_eq!(
        found, wanted,
        "run the test again with UPDATE=1 in the environment"
    );
}

#[test]
fn the_reference_as_it_is_means_the_defaults() {
    let flag = format!("--config-file={}", path("agent.hcl").display());
    assert_eq!(config(&[&flag]), config(&[]));
}

#[test]
fn every_line_that_the_reference_comments_out_is_right() {
    let text = fs::read_to_string(path("agent.hcl")).unwrap();
    let examples = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix('#'));
    let examples = examples.filter(|rest| rest.starts_with(char::is_alphabetic));
    let unset: Vec<&Setting> = SETTINGS
        .iter()
        .filter(|setting| setting.default.is_none())
        .collect();
    assert_eq!(examples.clone().count(), unset.len());
    for (example, setting) in examples.zip(unset) {
        let (name, value) = example.split_once(" = ").unwrap();
        assert!(setting.key.ends_with(name), "{example}: {}", setting.key);
        if !value.contains("\"...\"") {
            let word = format!("--hcl={} = {value}", setting.key);
            config(&[company(setting.key), &[word.as_str()]].concat());
        }
    }
}

#[test]
fn the_files_to_start_from_are_right_as_they_are() {
    for name in ["server.hcl", "client.hcl", "dev.toml"] {
        let flag = format!("--config-file={}", path(name).display());
        let matches = command().try_get_matches_from(["agent", &flag]).unwrap();
        let line = CommandLine::from_matches(&matches);
        let config = load_given(line, |_| Ok(()), &machine()).unwrap().config;
        assert_eq!(config.bootstrap_expect.is_some(), name != "client.hcl");
        assert!(!config.retry_join.is_empty(), "{name}");
    }
}
