//! Clients beside an agent: one writes, one reads and checks.

use std::time::Duration;

use bytes::Bytes;
use quorate::http::{Consistency, Read};
use quorate::state::{Answer, Command, Query};
use rand::RngExt as _;
use rand::seq::IteratorRandom as _;
use tokio::time::sleep;

use crate::computer::Process;
use crate::history::History;
use crate::net::Net;
use crate::story;

/// Longest pause between two operations of a client, in milliseconds.
const PAUSE_MS: u64 = 600;

async fn pause() {
    let ms = rand::rng().random_range(50..PAUSE_MS);
    sleep(Duration::from_millis(ms)).await;
}

/// Writes 1, 2, 3 and so on to a key; a new key after every write of which the end is not known.
pub async fn write(name: String, net: Net, process: Process, history: History) {
    let mut series = 0;
    loop {
        pause().await;
        let Some(node) = process.node() else { continue };
        let key = format!("{name}/{series}");
        let value = history.begin(&key, net.now());
        let command = Command::KvSet {
            key: key.clone(),
            value: Bytes::from(value.to_string()),
            flags: 0,
            cas: None,
        };
        match node.apply(command).await {
            Ok(_) => history.acknowledge(&key, net.now()),
            Err(_) => series += 1,
        }
    }
}

/// Reads keys that anybody wrote, and fails the run if one does not hold what it must.
pub async fn read(net: Net, process: Process, history: History) {
    loop {
        pause().await;
        let Some(node) = process.node() else { continue };
        let keys = history.acknowledged();
        let Some(key) = keys.keys().choose(&mut rand::rng()).cloned() else {
            continue;
        };
        let consistency = if rand::rng().random_bool(0.3) {
            Consistency::Consistent
        } else {
            Consistency::Default
        };
        let began = net.now();
        let read = Read {
            query: Query::KvGet { key: key.clone() },
            consistency,
            min_index: None,
            wait: Duration::ZERO,
        };
        let Ok(found) = node.read(read).await else {
            continue;
        };
        let value = value_of(&found.answer);
        if let Err(broken) = history.read(&key, value, (began, net.now())) {
            story::fail(&format!("{consistency:?}: {broken}"));
        }
    }
}

/// The number in an entry; 0 if there is none.
pub fn value_of(answer: &Answer) -> u64 {
    match answer {
        Answer::Entry(Some(entry)) => std::str::from_utf8(&entry.value)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(u64::MAX),
        _ => 0,
    }
}
