//! The README's reference of providers and keys is that of the tables. `UPDATE=1 cargo test -p
//! quorate-providers readme` writes it anew; what it says of providers that are not in this build
//! stays as it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::{ADDRESS_KEYS, HTTP_KEYS, Key, LOGIN_KEYS, Need, PROVIDERS, Provider};

const BEGIN: &str = "<!-- reference: made from the tables of keys -->\n";
const END: &str = "<!-- end of the reference -->\n";

/// Tables that several providers have, with what they are called.
const SHARED: [(&str, &[Key]); 3] = [
    ("Addresses", ADDRESS_KEYS),
    ("HTTP", HTTP_KEYS),
    ("Login", LOGIN_KEYS),
];

fn is_shared(table: &[Key]) -> Option<&'static str> {
    let same = |(_, keys): &&(&'static str, &[Key])| {
        keys.len() == table.len() && keys.iter().zip(table).all(|(a, b)| a.name == b.name)
    };
    SHARED.iter().find(same).map(|(title, _)| *title)
}

fn rows(keys: &[Key]) -> String {
    let mut text = String::from("| key | need | meaning |\n|---|---|---|\n");
    for key in keys {
        let need = match (key.need, key.secret) {
            (Need::Required | Need::Filled, true) => "required, secret",
            (Need::Required | Need::Filled, false) => "required",
            (Need::Optional, true) => "secret",
            (Need::Optional, false) => "",
        };
        let mut doc = key.doc.replace('|', "\\|");
        if !key.choices.is_empty() {
            write!(doc, "; one of `{}`", key.choices.join("`, `")).unwrap();
        }
        if let Some(variable) = key.variable {
            write!(doc, "; else the variable `{variable}`").unwrap();
        }
        writeln!(text, "| `{}` | {need} | {doc} |", key.name).unwrap();
    }
    text
}

/// The section of a provider.
fn section(provider: &dyn Provider) -> String {
    let about = provider.about();
    let mut text = format!("Finds {}.\n", about.finds);
    for (title, what) in [
        ("Credentials", about.credentials),
        ("Permissions", about.permissions),
    ] {
        let what = if what.is_empty() { "none needed" } else { what };
        write!(text, "\n- {title}: {what}").unwrap();
    }
    if !about.link.is_empty() {
        write!(text, "\n- API: <{}>", about.link).unwrap();
    }
    let mut shared = Vec::new();
    let mut own = String::new();
    for table in provider.keys() {
        match is_shared(table) {
            Some(title) => shared.push(title),
            None => write!(own, "\n{}", rows(table)).unwrap(),
        }
    }
    if !shared.is_empty() {
        write!(text, "\n- Shared keys: {}", shared.join(", ")).unwrap();
    }
    format!("{text}\n{own}")
}

/// The sections that a text has, by their titles.
fn sections(text: &str) -> BTreeMap<String, String> {
    let parts = text.split("\n#### ").skip(1);
    let of = |part: &str| {
        let (title, body) = part.split_once('\n').unwrap();
        (title.to_owned(), format!("{}\n", body.trim()))
    };
    parts.map(of).collect()
}

#[test]
fn the_reference_of_providers_is_that_of_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the README has a reference");
    let (found, after) = rest.split_once(END).expect("the reference has an end");
    let known = sections(found);
    let mut wanted = known.clone();
    for (title, keys) in SHARED {
        wanted.insert(title.to_owned(), rows(keys));
    }
    for provider in PROVIDERS {
        let body = format!("{}\n", section(*provider).trim());
        wanted.insert(format!("`{}`", provider.name()), body);
    }
    if std::env::var_os("UPDATE").is_some() {
        let all = wanted
            .iter()
            .map(|(title, body)| format!("\n#### {title}\n\n{body}"));
        let all: String = all.collect();
        std::fs::write(&path, format!("{before}{BEGIN}{all}\n{END}{after}")).unwrap();
        return;
    }
    for (title, body) in &wanted {
        assert_eq!(
            known.get(title),
            Some(body),
            "the README's {title} is old: UPDATE=1 cargo test -p quorate-providers readme"
        );
    }
}
