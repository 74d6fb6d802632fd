//! The files of the log: which there are, and what is in them.
//!
//! A file's name says how many bytes of the log come before it. Each file but the first begins
//! with a record of what the log was then, its owner included.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use raft_log::chunked_wal::Config;
use raft_log::codeq::Decode;
use raft_log::{RaftLogAction, RaftLogRecord, WALRecord};

use super::super::type_config::LogId;
use super::LogError;
use super::codec::Owner;
use super::writer::LogTypes;
use crate::types::RaftId;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogFile {
    pub(super) path: PathBuf,
    /// Bytes of the log before it.
    pub(super) begin: u64,
    /// Its own bytes.
    pub(super) len: u64,
}

impl LogFile {
    pub(super) const fn end(&self) -> u64 {
        self.begin.saturating_add(self.len)
    }
}

/// The files of a log in their order.
pub(super) fn list(dir: &Path) -> io::Result<Vec<LogFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(begin) = name
            .to_str()
            .and_then(|name| Config::parse_chunk_file_name(name).ok())
        else {
            continue;
        };
        files.push(LogFile {
            path: entry.path(),
            begin,
            len: entry.metadata()?.len(),
        });
    }
    files.sort_by_key(|file| file.begin);
    Ok(files)
}

/// The file that is being written.
pub(super) fn newest(dir: &Path) -> io::Result<PathBuf> {
    let newest = list(dir)?.pop().map(|file| file.path);
    newest.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Where its last whole record ends, in bytes.
    pub(super) end: usize,
    /// The last entry as of that record.
    pub(super) last: Option<LogId>,
    /// Who wrote it, as far as it says.
    pub(super) owner: Option<RaftId>,
    /// Why the next record cannot be read; none at the end of the file.
    pub(super) damage: Option<Damage>,
}

/// Why a record cannot be read.
#[derive(Debug)]
pub(super) struct Damage {
    /// Where the record begins, in bytes.
    pub(super) at: usize,
    /// It is what an interrupted writing leaves: a part of a record, or zeros.
    pub(super) is_torn: bool,
    error: io::Error,
}

impl Damage {
    /// As an error of its file.
    pub(super) fn in_file(&self, path: &Path) -> LogError {
        LogError::Damaged {
            file: path.to_owned(),
            at: u64::try_from(self.at).unwrap_or(u64::MAX),
            reason: in_words(&self.error),
        }
    }
}

/// What is wrong with a record. The library's own words name its functions and sums, which help
/// nobody who has to do something.
fn in_words(error: &io::Error) -> &'static str {
    if error.to_string().contains("checksum") {
        "the checksum of what is there does not match"
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        "the rest of it is missing"
    } else {
        "what is there is no record of a raft log"
    }
}

/// One record, as the log's library writes it.
pub(super) type Record = RaftLogRecord<LogTypes>;

/// The records of a file in their order, up to the end or the first that cannot be read.
pub(super) fn records(bytes: &[u8]) -> impl Iterator<Item = Result<Record, Damage>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut next = rest;
        let read = Record::decode(&mut next).map_err(|error| Damage {
            at: bytes.len().saturating_sub(rest.len()),
            is_torn: error.kind() == io::ErrorKind::UnexpectedEof
                || rest.iter().all(|byte| *byte == 0),
            error,
        });
        rest = if read.is_ok() { next } else { &[] };
        Some(read)
    })
}

/// Reads records up to the end or the first that cannot be read.
pub(super) fn read(bytes: &[u8]) -> Contents {
    let mut found = Contents {
        end: bytes.len(),
        ..Contents::default()
    };
    for read in records(bytes) {
        match read {
            Ok(record) => note(&mut found, record),
            Err(damage) => {
                found.end = damage.at;
                found.damage = Some(damage);
            }
        }
    }
    found
}

fn note(found: &mut Contents, record: Record) {
    match record {
        WALRecord::Action(RaftLogAction::Append(id, _)) => found.last = Some(id.0),
        WALRecord::Action(RaftLogAction::PurgeUpto(id)) => found.last = found.last.max(Some(id.0)),
        WALRecord::Action(RaftLogAction::TruncateAfter(id)) => found.last = id.map(|id| id.0),
        WALRecord::Action(RaftLogAction::SaveVote(_) | RaftLogAction::Commit(_)) => {}
        WALRecord::Checkpoint(state) => {
            found.last = state.last().map(|id| id.0);
            found.owner = state.user_data.map(|Owner(owner)| owner).or(found.owner);
        }
    }
}
