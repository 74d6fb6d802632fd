//! Keeps the last snapshots: two files on disk, the newest in memory.
//!
//! The newest file is read once, when raft starts. If it is damaged the one before it serves, but
//! only if the log still holds every entry behind that one; else raft does not start, and the
//! error names the file. A damaged file is kept under another name for whoever wants to know.
//!
//! The snapshot in memory shares its nodes with the live state and so costs only what changed
//! since.

mod file;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use super::type_config::{LogId, Snapshot, SnapshotMeta};
use crate::host::{Storage, Store};
use crate::state::State;
use crate::types::remedy;

pub(super) use file::{decode, encode};

/// The file of a store that holds its snapshot.
const IN_STORE: &str = "raft/snapshot";
/// Snapshot files that are kept. The older one is for the day when the newer one is damaged.
const KEPT: usize = 2;

/// A snapshot that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The operating system refused.
    #[error("{operation} {path}")]
    Io {
        /// What was tried: a verb.
        operation: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// What was read is not a snapshot, not of a version this program knows, or its checksum
    /// does not match.
    #[error("snapshot is damaged: {reason}")]
    Damaged {
        /// What is wrong with it.
        reason: String,
    },
    /// The state cannot be written as a snapshot.
    #[error("encode the snapshot: {reason}")]
    Encode {
        /// Why.
        reason: String,
    },
    /// No readable snapshot reaches far enough for the log to take over. The state is not
    /// complete without it; this server has to be wiped and to join again.
    #[error(
        "the raft log in {} begins behind index {purged} and no snapshot in {dir} reaches it{}; \
         bring a snapshot back, or empty the whole data directory, and the server comes back as \
         a new one and gets its state from the others",
        log_beside(dir).display(),
        not_readable(damaged)
    )]
    Gap {
        /// The directory of the snapshots.
        dir: PathBuf,
        /// Last index that is not in the log any more.
        purged: u64,
        /// The files that could not be read, newest first.
        damaged: Vec<PathBuf>,
    },
}

/// The newest good snapshot, and the files that are damaged.
type Seen = (Option<Snapshot>, Vec<PathBuf>);

impl SnapshotError {
    /// The failure of a write in one line: file, cause, remedy.
    pub(super) fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::Io { source, .. } => source.kind(),
            _ => io::ErrorKind::Other,
        };
        let text = match &self {
            Self::Io { source, .. } => {
                format!("write a snapshot: {self}: {source}; {}", remedy(source))
            }
            _ => format!("write a snapshot: {self}"),
        };
        io::Error::new(kind, text)
    }
}

/// The log that a directory of snapshots belongs to.
fn log_beside(snapshots: &Path) -> PathBuf {
    snapshots.with_file_name("log")
}

fn not_readable(damaged: &[PathBuf]) -> String {
    if damaged.is_empty() {
        return String::new();
    }
    let names: Vec<String> = damaged
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    format!("; damaged: {}", names.join(", "))
}

/// The snapshots of one raft node.
#[derive(Debug)]
pub(super) struct SnapshotStore {
    /// Where they are written, if anywhere.
    place: Storage,
    current: ArcSwapOption<Snapshot>,
    /// Held while files are written and removed.
    writing: Mutex<()>,
}

impl SnapshotStore {
    /// Opens the directory and reads the newest good snapshot. `purged` is the last entry that
    /// the log does not hold any more. Blocks.
    ///
    /// # Errors
    /// `Io`, or `Gap` if what can be read does not reach the log.
    pub(super) fn open(dir: Option<PathBuf>, purged: Option<LogId>) -> Result<Self, SnapshotError> {
        let found = match &dir {
            Some(dir) => {
                file::prepare_dir(dir)?;
                newest_readable(dir, purged)?
            }
            None => None,
        };
        Ok(Self::new(dir.into(), found))
    }

    /// Reads the one snapshot of a store; else as [`SnapshotStore::open`].
    ///
    /// # Errors
    /// `Io`, `Damaged`, or `Gap` if it does not reach the log.
    pub(super) fn open_on(
        store: Arc<dyn Store>,
        purged: Option<LogId>,
    ) -> Result<Self, SnapshotError> {
        let path = Path::new(IN_STORE);
        let bytes = store.read(IN_STORE).map_err(io_error("read", path))?;
        let found = bytes.map(|bytes| decode(&bytes)).transpose()?;
        let found = found.map(|(meta, snapshot)| Snapshot { meta, snapshot });
        check_reach(path, found.as_ref(), purged, &[])?;
        Ok(Self::new(Storage::Store(store), found))
    }

    fn new(place: Storage, found: Option<Snapshot>) -> Self {
        Self {
            place,
            current: ArcSwapOption::from_pointee(found),
            writing: Mutex::new(()),
        }
    }

    /// Where they are written.
    pub(super) const fn storage(&self) -> &Storage {
        &self.place
    }

    /// Whether there is a snapshot in a directory, readable or not.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn is_on_disk(dir: &Path) -> Result<bool, SnapshotError> {
        Ok(dir.exists() && !file::newest_first(dir)?.is_empty())
    }

    /// The newest snapshot.
    pub(super) fn current(&self) -> Option<Snapshot> {
        self.current.load().as_deref().cloned()
    }

    /// Writes a snapshot and makes it the newest, unless a newer one is there. Blocks.
    ///
    /// # Errors
    /// `Io` or `Encode`; the snapshots from before are untouched.
    pub(super) fn save(&self, meta: SnapshotMeta, state: State) -> Result<(), SnapshotError> {
        // The lock guards no data, so a panic of another holder spoils nothing.
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let have = self
            .current()
            .and_then(|snapshot| snapshot.meta.last_log_id);
        if have.is_some() && have >= meta.last_log_id {
            return Ok(());
        }
        match &self.place {
            Storage::Directory(dir) => {
                let bytes = encode(&meta, &state)?;
                file::write(dir, &file::name(meta.last_log_id), &bytes)?;
                prune(dir)?;
            }
            Storage::Store(store) => {
                let written = store.write(IN_STORE, &encode(&meta, &state)?);
                written.map_err(io_error("write", Path::new(IN_STORE)))?;
            }
            Storage::Nowhere => {}
        }
        let snapshot = Snapshot {
            meta,
            snapshot: state,
        };
        self.current.store(Some(snapshot.into()));
        Ok(())
    }
}

/// Writes a snapshot into a directory in place of one with the same end. Blocks.
///
/// # Errors
/// `Io` or `Encode`; the snapshots from before are untouched.
pub(super) fn replace(dir: &Path, meta: &SnapshotMeta, state: &State) -> Result<(), SnapshotError> {
    file::prepare_dir(dir)?;
    file::write(dir, &file::name(meta.last_log_id), &encode(meta, state)?)?;
    prune(dir)
}

fn io_error(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SnapshotError {
    let path = path.to_owned();
    move |source| SnapshotError::Io {
        operation,
        path,
        source,
    }
}

/// Reads snapshots from the newest on until one is good, and checks that it reaches the log.
fn newest_readable(dir: &Path, purged: Option<LogId>) -> Result<Option<Snapshot>, SnapshotError> {
    let (found, damaged) = look(dir, purged)?;
    set_aside(&damaged)?;
    Ok(found)
}

/// As [`SnapshotStore::open`] would find them, and changes nothing; also gives the files that are
/// damaged.
///
/// # Errors
/// `Io`, or `Gap` if what can be read does not reach the log.
pub(super) fn look(dir: &Path, purged: Option<LogId>) -> Result<Seen, SnapshotError> {
    let mut damaged = Vec::new();
    let mut found = None;
    for path in file::newest_first(dir)? {
        let bytes = fs::read(&path).map_err(io_error("read", &path))?;
        match decode(&bytes) {
            Ok((meta, snapshot)) => {
                found = Some(Snapshot { meta, snapshot });
                break;
            }
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "snapshot not readable");
                damaged.push(path);
            }
        }
    }
    check_reach(dir, found.as_ref(), purged, &damaged)?;
    Ok((found, damaged))
}

/// Checks that the log takes over where the snapshot ends.
fn check_reach(
    dir: &Path,
    found: Option<&Snapshot>,
    purged: Option<LogId>,
    damaged: &[PathBuf],
) -> Result<(), SnapshotError> {
    let reached = found.and_then(|snapshot| snapshot.meta.last_log_id);
    match purged {
        Some(purged) if reached < Some(purged) => Err(SnapshotError::Gap {
            dir: dir.to_owned(),
            purged: purged.index(),
            damaged: damaged.to_vec(),
        }),
        _ => Ok(()),
    }
}

/// Renames damaged files, so that they are neither read nor counted again.
fn set_aside(damaged: &[PathBuf]) -> Result<(), SnapshotError> {
    for path in damaged {
        let aside = path.with_extension("damaged");
        fs::rename(path, &aside).map_err(io_error("rename", path))?;
    }
    Ok(())
}

/// Removes all but the newest snapshots.
fn prune(dir: &Path) -> Result<(), SnapshotError> {
    let old = file::newest_first(dir)?.into_iter().skip(KEPT);
    for path in old {
        fs::remove_file(&path).map_err(io_error("remove", &path))?;
    }
    sync_dir(dir)
}

fn sync_dir(dir: &Path) -> Result<(), SnapshotError> {
    File::open(dir)
        .and_then(|open| open.sync_all())
        .map_err(io_error("sync", dir))
}
