//! openraft's own suite on both stores, and what it does not ask.

use std::sync::Arc;

use openraft::StorageError;
use openraft::storage::{IOFlushed, RaftLogReader, RaftLogStorage};
use openraft::testing::log::{StoreBuilder, Suite};
use openraft::type_config::TypeConfigExt;
use tempfile::TempDir;

use super::super::machine::Machine;
use super::super::snapshot::SnapshotStore;
use super::super::type_config::{Entry, LogId, Payload, Peer, Proposal, TypeConfig, Vote};
use super::*;
use crate::state::Command;
use crate::types::{NodeId, RaftId};

// The suite makes ids and peers of its own.
impl From<u64> for RaftId {
    fn from(number: u64) -> Self {
        Self::new(u128::from(number))
    }
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            node_id: NodeId::default(),
            name: String::new(),
            rpc_addr: ([127, 0, 0, 1], 0).into(),
        }
    }
}

pub(super) const OWN: RaftId = RaftId::new(7);

enum Builder {
    Memory,
    Disk,
}

type Built = (Option<TempDir>, LogStore, Machine);

impl StoreBuilder<TypeConfig, LogStore, Machine, Option<TempDir>> for Builder {
    async fn build(&self) -> Result<Built, StorageError<TypeConfig>> {
        let dir = match self {
            Self::Memory => None,
            Self::Disk => Some(tempfile::tempdir().unwrap()),
        };
        let below = |name: &str| dir.as_ref().map(|dir| dir.path().join(name));
        let (log, _closed) = LogStore::open(below("log").as_deref(), OWN).unwrap();
        let snapshots = SnapshotStore::open(below("snapshots"), None).unwrap();
        let (machine, _published, _ended) = Machine::new(Arc::new(snapshots));
        Ok((dir, log, machine))
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_in_memory_passes_the_suite_of_openraft() {
    Suite::test_all(Builder::Memory).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_log_on_disk_passes_the_suite_of_openraft() {
    Suite::test_all(Builder::Disk).await.unwrap();
}

pub(super) fn entry(term: u64, index: u64, value: usize) -> Entry {
    let command = Command::KvSet {
        key: index.to_string(),
        value: vec![7; value].into(),
        flags: 0,
        cas: None,
    };
    Entry {
        log_id: LogId::new_term_index(term, index),
        payload: Payload::Normal(Proposal(command)),
    }
}

pub(super) async fn append(log: &mut LogStore, entries: Vec<Entry>) {
    let (synced, wait) = TypeConfig::oneshot();
    let callback = IOFlushed::signal(synced);
    log.append(entries, callback).await.unwrap();
    wait.await.unwrap().unwrap();
}

async fn reopen(log: LogStore, mut closed: Closed, dir: &Path) -> (LogStore, Closed) {
    drop(log);
    closed.wait().await;
    LogStore::open(Some(dir), OWN).unwrap()
}

#[tokio::test]
async fn what_was_synced_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, closed) = LogStore::open(Some(dir.path()), OWN).unwrap();
    let vote = Vote::new_committed(3, RaftId::new(u128::MAX));
    log.save_vote(&vote).await.unwrap();
    append(
        &mut log,
        (0..10).map(|index| entry(3, index, 100)).collect(),
    )
    .await;
    log.save_committed(Some(LogId::new_term_index(3, 6)))
        .await
        .unwrap();
    log.purge(LogId::new_term_index(3, 1)).await.unwrap();
    log.truncate_after(Some(LogId::new_term_index(3, 7)))
        .await
        .unwrap();

    let (mut log, _closed) = reopen(log, closed, dir.path()).await;
    assert_eq!(log.read_vote().await.unwrap(), Some(vote));
    let ends = log.ends().unwrap();
    assert_eq!(ends.purged, Some(LogId::new_term_index(3, 1)));
    assert_eq!(ends.last, Some(LogId::new_term_index(3, 7)));
    assert_eq!(
        log.read_committed().await.unwrap(),
        Some(LogId::new_term_index(3, 6))
    );
    let read = log.try_get_log_entries(..).await.unwrap();
    assert_eq!(
        read,
        (2..8).map(|index| entry(3, index, 100)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_log_is_opened_by_one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let (_log, _closed) = LogStore::open(Some(dir.path()), OWN).unwrap();
    let second = LogStore::open(Some(dir.path()), OWN).unwrap_err();
    assert!(matches!(second, LogError::Open { .. }), "{second:?}");
}

#[tokio::test]
async fn the_log_of_another_raft_node_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let (log, mut closed) = LogStore::open(Some(dir.path()), OWN).unwrap();
    drop(log);
    closed.wait().await;
    let before = only_file(dir.path());
    let other = RaftId::new(8);
    match LogStore::open(Some(dir.path()), other).unwrap_err() {
        LogError::Foreign { owner, own, .. } => assert_eq!((owner, own), (OWN, other)),
        refused => panic!("{refused:?}"),
    }
    assert_eq!(only_file(dir.path()), before);
}

#[tokio::test]
async fn a_message_takes_no_more_bytes_than_its_bound_but_at_least_one_entry() {
    let dir = tempfile::tempdir().unwrap();
    for dir in [None, Some(dir.path())] {
        let (mut log, _closed) = LogStore::open(dir, OWN).unwrap();
        let half = READ_BYTES_MAX / 2;
        append(&mut log, vec![entry(1, 0, 3 * half), entry(1, 1, half / 2)]).await;
        append(&mut log, vec![entry(1, 2, half / 2), entry(1, 3, half)]).await;
        let mut counts = Vec::new();
        for start in 0..4 {
            counts.push(log.limited_get_log_entries(start, 4).await.unwrap().len());
        }
        assert_eq!(counts, [1, 2, 2, 1]);
        assert_eq!(log.try_get_log_entries(0..4).await.unwrap().len(), 4);
    }
}

#[tokio::test]
async fn purged_entries_leave_the_disk_file_by_file() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, closed) = LogStore::open(Some(dir.path()), OWN).unwrap();
    for index in 0..40 {
        append(&mut log, vec![entry(1, index, 1024 * 1024)]).await;
    }
    let before = size_on_disk(dir.path());
    assert!(before > 40 * 1024 * 1024);
    log.purge(LogId::new_term_index(1, 38)).await.unwrap();
    append(&mut log, vec![entry(1, 40, 10)]).await;
    let (mut log, _closed) = reopen(log, closed, dir.path()).await;
    assert!(size_on_disk(dir.path()) < 17 * 1024 * 1024);
    let left = log.try_get_log_entries(..).await.unwrap();
    assert_eq!(
        left.iter()
            .map(|entry| entry.log_id.index())
            .collect::<Vec<_>>(),
        [39, 40]
    );
}

fn size_on_disk(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

#[tokio::test]
async fn a_log_cut_anywhere_in_its_last_entry_opens_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, closed) = LogStore::open(Some(dir.path()), OWN).unwrap();
    append(&mut log, vec![entry(1, 0, 10)]).await;
    let whole = only_file_len(dir.path());
    append(&mut log, vec![entry(1, 1, 10)]).await;
    let (log, mut closed) = reopen(log, closed, dir.path()).await;
    drop(log);
    closed.wait().await;
    let (name, bytes) = only_file(dir.path());
    for end in whole..bytes.len() {
        let copy = tempfile::tempdir().unwrap();
        std::fs::write(copy.path().join(&name), &bytes[..end]).unwrap();
        // No mark: as if the entry had not been synced.
        let (mut log, _closed) = LogStore::open(Some(copy.path()), OWN).unwrap();
        assert_eq!(
            log.ends().unwrap().last,
            Some(LogId::new_term_index(1, 0)),
            "cut at {end}"
        );
        append(&mut log, vec![entry(2, 1, 10)]).await;
    }
}

#[tokio::test]
async fn no_flipped_bit_is_taken_for_a_torn_end() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, mut closed) = LogStore::open(Some(dir.path()), OWN).unwrap();
    let begin = only_file_len(dir.path());
    append(&mut log, vec![entry(1, 0, 10)]).await;
    let end = only_file_len(dir.path());
    append(&mut log, vec![entry(1, 1, 10)]).await;
    drop(log);
    closed.wait().await;
    let (name, bytes) = only_file(dir.path());
    for bit in begin * 8..end * 8 {
        let copy = tempfile::tempdir().unwrap();
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(copy.path().join(&name), &damaged).unwrap();
        let opened = LogStore::open(Some(copy.path()), OWN);
        assert!(opened.is_err(), "bit {bit} of {}..{}", begin * 8, end * 8);
    }
}

fn only_file_len(dir: &Path) -> usize {
    only_file(dir).1.len()
}

fn only_file(dir: &Path) -> (std::ffi::OsString, Vec<u8>) {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let logs: Vec<_> = entries
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "wal"))
        .collect();
    let [log] = logs.try_into().unwrap();
    (log.file_name(), std::fs::read(log.path()).unwrap())
}
