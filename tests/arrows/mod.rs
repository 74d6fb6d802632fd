//! The tree keeps its promises: a room knows lower rooms only, and pure rooms stay pure.
//!
//! Reads the sources as text, without comments and string literals. The levels are those of the
//! architecture page (`src/docs/`). A room that is not in the table fails the test, so that a new
//! one gets its level by decision.

// Tells clippy that the helpers below are tests too; without it they could not `unwrap`.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use scan::{bare, names};

mod scan;

/// Rooms of the agent with their levels.
const ROOMS: &[(&str, u8)] = &[
    ("docs", 0),
    ("host", 0),
    ("types", 0),
    ("autopilot", 1),
    ("bootstrap", 1),
    ("join", 1),
    ("state", 1),
    ("telemetry", 1),
    ("tls", 1),
    ("why", 1),
    ("config", 2),
    ("datadir", 2),
    ("gossip", 2),
    ("raft", 2),
    ("rpc", 2),
    ("http", 3),
    ("agent", 4),
    ("cli", 5),
    ("main", 6),
];

/// Rooms of the providers crate with their levels; any other is a provider.
const PROVIDER_ROOMS: &[(&str, u8)] = &[
    ("answer", 2),
    ("error", 1),
    ("point", 2),
    ("grammar", 0),
    ("keys", 0),
    ("place", 3),
    ("secret", 0),
    ("yaml", 0),
    ("io", 3),
    ("query", 3),
    ("auth", 4),
    ("list", 4),
    ("policy", 4),
    ("provider", 4),
    ("options", 5),
    ("names", 5),
    ("resolve", 5),
    ("registry", 6),
    ("tape", 6),
    ("rest", 7),
    ("conformance", 9),
    ("watch", 9),
    ("lib", 9),
    ("operator", 10),
    ("readme", 10),
    ("stand_ins", 10),
    ("tests", 10),
];

/// The level of one provider; above the runner of lookups, through which a provider is tested.
const PROVIDER: u8 = 8;

/// Rooms that hold decisions.
const PURE: &[&str] = &[
    "autopilot",
    "bootstrap",
    "docs",
    "join",
    "state",
    "types",
    "why",
];

/// What a pure room never names, as the beginning of a path or as a word in one.
const IMPURE: &[&str] = &[
    "tokio",
    "rand",
    "tracing",
    "Instant",
    "SystemTime",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "std::env",
    "std::fs",
    "std::process",
    "std::thread",
];

/// The only rooms that know the providers crate.
const KNOW_PROVIDERS: &[&str] = &["agent", "cli", "config"];

/// One source file.
struct Source {
    path: PathBuf,
    /// Where it is below the room's folder: names of folders and files, without `.rs`.
    parts: Vec<String>,
    room: String,
    code: String,
}

#[test]
fn a_room_imports_from_lower_rooms_only() {
    let level = |room: &str| level_in(ROOMS, room);
    let wrong = judge(&sources("src"), level);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_room_of_the_providers_imports_from_lower_rooms_only() {
    let level = |room: &str| level_in(PROVIDER_ROOMS, room).or(Some(PROVIDER));
    let wrong = judge(&sources("providers"), level);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_pure_room_has_no_clock_no_chance_no_io_and_no_log() {
    let all = sources("src");
    for room in PURE.iter().filter(|room| **room != "docs") {
        assert!(
            all.iter().any(|source| source.room == *room),
            "no room {room}"
        );
    }
    let wrong: Vec<String> = all
        .iter()
        .filter(|source| PURE.contains(&source.room.as_str()))
        .flat_map(|source| {
            let found = IMPURE.iter().filter(|word| names(&source.code, word));
            found.map(|word| format!("{} names {word}", source.path.display()))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_the_shell_knows_the_providers() {
    let wrong: Vec<String> = sources("src")
        .iter()
        .filter(|source| !KNOW_PROVIDERS.contains(&source.room.as_str()))
        .filter(|source| names(&source.code, "quorate_providers"))
        .map(|source| source.path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Every import that breaks the rule, and every room without a level.
fn judge(sources: &[Source], level: impl Fn(&str) -> Option<u8>) -> Vec<String> {
    let rooms: BTreeSet<&str> = sources.iter().map(|source| source.room.as_str()).collect();
    let mut wrong = Vec::new();
    for source in sources {
        let Some(own) = level(&source.room) else {
            wrong.push(format!("{}: the room has no level", source.path.display()));
            continue;
        };
        for other in scan::imports(&source.code, |word| is_submodule(sources, source, word)) {
            let is_lower = level(&other).is_some_and(|level| level < own);
            if rooms.contains(other.as_str()) && other != source.room && !is_lower {
                wrong.push(format!(
                    "{}: {} must not know {other}",
                    source.path.display(),
                    source.room
                ));
            }
        }
    }
    wrong
}

/// Says whether `super::word` in a file can mean a part of its own room.
fn is_submodule(sources: &[Source], of: &Source, word: &str) -> bool {
    names(&of.code, &format!("mod {word}"))
        || sources
            .iter()
            .filter(|source| source.room == of.room)
            .any(|source| source.parts.iter().any(|part| part == word))
}

fn level_in(table: &[(&str, u8)], room: &str) -> Option<u8> {
    let row = table.iter().find(|(name, _level)| *name == room);
    row.map(|(_name, level)| *level)
}

/// Every source file below a folder of the repository, with the room it is in.
fn sources(folder: &str) -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    walk(&folder, &mut |path| {
        let below = path.strip_prefix(&folder).unwrap();
        let text = below.to_str().unwrap().trim_end_matches(".rs");
        let mut parts = text.split('/').map(str::to_owned);
        let room = parts.next().unwrap();
        // The crate's own map names every room.
        if below != Path::new("lib.rs") {
            let code = bare(&fs::read_to_string(path).unwrap());
            found.push(Source {
                path: path.to_owned(),
                parts: parts.collect(),
                room,
                code,
            });
        }
    });
    assert!(
        found.len() > 10,
        "found {} files below {}",
        found.len(),
        folder.display()
    );
    found
}

fn walk(dir: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&path);
        }
    }
}

/// The rules find what they are for: a scanner that finds nothing would pass everything.
mod scanner {
    use super::*;

    fn source(room: &str, parts: &[&str], text: &str) -> Source {
        Source {
            path: PathBuf::from(room),
            parts: parts.iter().map(|part| (*part).to_owned()).collect(),
            room: room.to_owned(),
            code: bare(text),
        }
    }

    fn wrong(room: &str, text: &str) -> bool {
        let others =
            ["types", "join", "raft", "rpc", "agent"].map(|room| source(room, &["mod"], ""));
        let mut all: Vec<Source> = others.into_iter().collect();
        all.push(source(room, &["deep", "agent"], text));
        !judge(&all, |room| level_in(ROOMS, room)).is_empty()
    }

    #[test]
    fn every_way_to_write_an_import_is_seen() {
        for text in [
            "use crate::rpc::Pool;",
            "pub(crate) use crate::{types::NodeId, rpc::{Pool, Frame}};",
            "use crate::{\n    rpc,\n    types,\n};",
            "fn f(pool: &crate::rpc::Pool) {}",
            "use super::rpc::Pool;",
            "mod tests { use super::super::rpc::Pool; }",
            "use super::{store, rpc::Pool};",
            "use crate::agent;",
        ] {
            assert!(wrong("raft", text), "{text}");
        }
    }

    #[test]
    fn what_is_no_import_of_a_higher_room_is_let_pass() {
        for text in [
            "use crate::types::NodeId; use crate::join;",
            "use crate::raft::Peer;",
            "use crate::{types::{rpc, NodeId}, join::Engine};",
            "// crate::rpc\n/* crate::rpc */ \"crate::rpc\"; r#\"crate::rpc\"#",
            "use super::agent::X;",
            "mod rpc; use self::rpc::X; mod tests { use super::rpc::X; }",
            "othercrate::rpc::x();",
            "fn f<'a>(c: char) { c == '\"' } // crate::rpc",
        ] {
            assert!(!wrong("raft", text), "{text}");
        }
    }

    #[test]
    fn a_room_without_a_level_is_told() {
        assert!(wrong("attic", ""));
    }

    #[test]
    fn an_impure_word_is_seen_whole_and_outside_of_comments_only() {
        for (text, found) in [
            ("use tokio::time;", true),
            ("std::time::Instant::now()", true),
            ("use std::time::{Duration, Instant};", true),
            ("// tokio", false),
            ("let operand = 1;", false),
            ("\"tokio\"", false),
            ("Instantly", false),
        ] {
            assert_eq!(
                IMPURE.iter().any(|word| names(&bare(text), word)),
                found,
                "{text}"
            );
        }
    }
}
