//! The page "What the codes mean", made from the list of reasons. `UPDATE=1 cargo test codes` writes
//! it anew.
//!
//! The examples are lines that agents wrote in the tests of `tests/formation`, or, where a code
//! takes a cloud or a damaged disk, what the deciding room says.

mod examples;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use quorate::types::{Reason, Stage};

use examples::EXAMPLES;

/// What stands before the codes: how to ask.
const BEFORE: &str = include_str!("before.md");
/// What stands behind them: exit codes, the service manager, reload.
const AFTER: &str = include_str!("after.md");

/// The chapters, in the order in which they are read.
const STAGES: [Stage; 5] = [
    Stage::Finding,
    Stage::Refused,
    Stage::Founding,
    Stage::Serving,
    Stage::Well,
];

fn example(reason: Reason) -> &'static str {
    let mut found = EXAMPLES.iter().filter(|(of, _)| *of == reason);
    found
        .next()
        .unwrap_or_else(|| panic!("no example of {reason}"))
        .1
}

fn page() -> String {
    let mut text = format!("{}\n", BEFORE.trim_end());
    for stage in STAGES {
        write!(text, "\n## {}\n", stage.heading()).unwrap();
        for reason in Reason::ALL.iter().filter(|reason| reason.stage() == stage) {
            let prose = reason.prose();
            let (first, rest) = prose.split_at(1);
            write!(
                text,
                "\n### `{reason}`\n\n{}{rest}.\n\n**To do:** {}\n\n```text\n{}\n```\n",
                first.to_uppercase(),
                reason.advice(),
                example(*reason)
            )
            .unwrap();
        }
    }
    write!(text, "\n{AFTER}").unwrap();
    text
}

#[test]
fn the_page_says_what_the_list_says() {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "src", "docs", "codes.md"]
        .iter()
        .collect();
    let wanted = page();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, wanted,
        "run the test again with UPDATE=1 in the environment"
    );
}

#[test]
fn every_example_is_of_its_code() {
    for reason in Reason::ALL {
        let line = example(*reason);
        let is_log = line.contains(&format!("reason={reason} "));
        let is_said = line.starts_with(&format!("{reason}: "));
        assert!(is_log || is_said, "{reason}: {line}");
    }
    assert_eq!(EXAMPLES.len(), Reason::ALL.len());
}
