//! The README tells the truth where a machine can tell: its table of settings is that of the
//! program. `UPDATE=1 cargo test readme` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use quorate::config::SETTINGS;

const BEGIN: &str = "<!-- settings: made from the table in src/config/settings.rs -->\n";
const END: &str = "<!-- end of settings -->\n";

/// The table as it should stand.
fn table() -> String {
    let mut table =
        String::from("| setting in files | flag | default | what it is |\n|---|---|---|---|\n");
    for setting in SETTINGS {
        let flag = setting
            .flag
            .map(|flag| format!("`-{flag}`"))
            .unwrap_or_default();
        let default = setting
            .default
            .map(|value| format!("`{value}`"))
            .unwrap_or_default();
        let doc = first_sentence(setting.doc);
        let doc = doc.trim_end_matches('.').replace('|', "\\|");
        writeln!(table, "| `{}` | {flag} | {default} | {doc} |", setting.key).unwrap();
    }
    table
}

/// Up to the first full stop before a capital.
fn first_sentence(doc: &str) -> &str {
    let ends = doc.match_indices(". ");
    let mut real = ends.filter(|(at, _)| doc[at + 2..].starts_with(char::is_uppercase));
    real.next().map_or(doc, |(at, _)| &doc[..at])
}

#[test]
fn the_table_of_settings_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text
        .split_once(BEGIN)
        .expect("the README has a table of settings");
    let (found, after) = rest
        .split_once(END)
        .expect("the table of settings has an end");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        return;
    }
    assert!(
        found == table(),
        "the README's table is old: UPDATE=1 cargo test readme"
    );
}

/// Adds the names of all functions below a directory.
fn functions_in(dir: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions_in(&path, names);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let after = text.split("fn ").skip(1);
            let name = |rest: &str| rest.split(['(', '<']).next().map(str::to_owned);
            names.extend(after.filter_map(name));
        }
    }
}

#[test]
fn every_test_that_a_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    for dir in ["src", "tests", "providers"] {
        functions_in(&root.join(dir), &mut names);
    }
    let mut checked = 0;
    for page in ["one-cluster.md", "scenarios.md"] {
        let text = std::fs::read_to_string(root.join("src/docs").join(page)).unwrap();
        // Every second part stands between backticks; a sentence with underscores is a test.
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_test = quoted.matches('_').count() >= 4
                && quoted
                    .chars()
                    .all(|c| c == '_' || c.is_ascii_alphanumeric());
            if is_test {
                checked += 1;
                assert!(
                    names.contains(quoted),
                    "{page} names {quoted}, which is not there"
                );
            }
        }
    }
    assert!(checked > 50, "{checked}");
}
