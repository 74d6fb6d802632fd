//! Opens what a raft node keeps: its log and its snapshots, which must be of one piece.

use std::sync::Arc;

use super::error::RaftError;
use super::log::{Closed, LogError, LogStore};
use super::snapshot::SnapshotStore;
use crate::host::Storage;
use crate::types::RaftId;

/// Opens `raft/log` and `raft/snapshots` in the storage, or makes both in memory. Blocks.
///
/// # Errors
/// `Log`, `Snapshot`, `Restore`; `Log` also for snapshots whose log is gone.
pub(super) fn open_stores(
    storage: &Storage,
    own: RaftId,
) -> Result<(LogStore, Closed, SnapshotStore), RaftError> {
    let dir = match storage {
        Storage::Directory(dir) => dir.join("raft"),
        Storage::Store(store) => {
            let (log, closed) = LogStore::open_journal(Arc::clone(store))?;
            let ends = log.ends().map_err(|error| RaftError::restore(&error))?;
            let snapshots = SnapshotStore::open_on(Arc::clone(store), ends.purged)?;
            return Ok((log, closed, snapshots));
        }
        Storage::Nowhere => {
            let (log, closed) = LogStore::open(None, own)?;
            return Ok((log, closed, SnapshotStore::open(None, None)?));
        }
    };
    let (log, snapshots) = (dir.join("log"), dir.join("snapshots"));
    if !LogStore::is_on_disk(&log)? && SnapshotStore::is_on_disk(&snapshots)? {
        return Err(LogError::Gone { path: log }.into());
    }
    let (log, closed) = LogStore::open(Some(&log), own)?;
    let ends = log.ends().map_err(|error| RaftError::restore(&error))?;
    let snapshots = SnapshotStore::open(Some(snapshots), ends.purged)?;
    Ok((log, closed, snapshots))
}
