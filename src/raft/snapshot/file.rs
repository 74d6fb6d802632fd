//! One snapshot as bytes, and as a file.
//!
//! ```text
//! 8 bytes   "QRSNAP" and the version, 2 bytes big endian
//! 8 bytes   length of the body, big endian
//! 32 bytes  SHA-256 of the body
//! body      what it covers, and the state, in postcard; in version 2 also the removed servers, in
//!           version 3 those and autopilot's settings
//! ```
//!
//! The lowest version that has room for the state is written, so that older programs read it.
//!
//! The same bytes go to a peer that is too far behind for the log. A file is written whole:
//! temporary file, fsync, rename, fsync of the directory (design, section 8).

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use ring::digest;

use super::super::type_config::{LogId, SnapshotMeta};
use super::{SnapshotError, io_error, sync_dir};
use crate::state::{Autopilot, Removals, State};

const MAGIC: &[u8; 6] = b"QRSNAP";
/// Without removals and without autopilot's settings.
const VERSION: u16 = 1;
/// With removals behind the state.
const VERSION_REMOVALS: u16 = 2;
/// With removals and autopilot's settings behind the state.
const VERSION_AUTOPILOT: u16 = 3;
const EXTENSION: &str = "snapshot";
const TEMPORARY: &str = "writing";

/// Writes a snapshot as bytes.
///
/// # Errors
/// `Encode`.
pub(in crate::raft) fn encode(
    meta: &SnapshotMeta,
    state: &State,
) -> Result<Vec<u8>, SnapshotError> {
    let (removals, autopilot) = (state.removals(), state.autopilot());
    let (version, body) = if autopilot.entry().is_some() {
        let body = postcard::to_allocvec(&(meta, state, removals, autopilot));
        (VERSION_AUTOPILOT, body)
    } else if removals.is_empty() {
        (VERSION, postcard::to_allocvec(&(meta, state)))
    } else {
        let body = postcard::to_allocvec(&(meta, state, removals));
        (VERSION_REMOVALS, body)
    };
    let body = body.map_err(|error| SnapshotError::Encode {
        reason: error.to_string(),
    })?;
    let len = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let mut bytes = Vec::with_capacity(body.len().saturating_add(48));
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(digest::digest(&digest::SHA256, &body).as_ref());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// Reads a snapshot from bytes.
///
/// # Errors
/// `Damaged`.
pub(in crate::raft) fn decode(bytes: &[u8]) -> Result<(SnapshotMeta, State), SnapshotError> {
    let mut rest = bytes;
    if take(&mut rest)? != *MAGIC {
        return Err(damaged("it does not begin as one"));
    }
    let version = u16::from_be_bytes(take(&mut rest)?);
    if ![VERSION, VERSION_REMOVALS, VERSION_AUTOPILOT].contains(&version) {
        return Err(damaged("its version is not known here"));
    }
    let len = u64::from_be_bytes(take(&mut rest)?);
    let sum: [u8; 32] = take(&mut rest)?;
    if u64::try_from(rest.len()) != Ok(len) {
        return Err(damaged("its length does not match"));
    }
    if digest::digest(&digest::SHA256, rest).as_ref() != sum {
        return Err(damaged("its checksum does not match"));
    }
    read_body(version, rest).map_err(|error| damaged(&error.to_string()))
}

fn read_body(version: u16, body: &[u8]) -> Result<(SnapshotMeta, State), postcard::Error> {
    if version == VERSION {
        return postcard::from_bytes(body);
    }
    if version == VERSION_REMOVALS {
        let (meta, state, removals): (SnapshotMeta, State, Removals) = postcard::from_bytes(body)?;
        return Ok((meta, state.with_removals(removals)));
    }
    let (meta, state, removals, autopilot): (SnapshotMeta, State, Removals, Autopilot) =
        postcard::from_bytes(body)?;
    let state = state.with_removals(removals).with_autopilot(autopilot);
    Ok((meta, state))
}

/// Takes the first bytes off.
fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], SnapshotError> {
    let (head, rest) = bytes
        .split_first_chunk()
        .ok_or_else(|| damaged("it ends in its header"))?;
    *bytes = rest;
    Ok(*head)
}

fn damaged(reason: &str) -> SnapshotError {
    SnapshotError::Damaged {
        reason: reason.to_owned(),
    }
}

/// The name of a snapshot's file: names sort as the snapshots do.
pub(super) fn name(last: Option<LogId>) -> String {
    let (term, index) = last.map_or((0, 0), |last| {
        (last.committed_leader_id().term, last.index())
    });
    format!("{index:020}-{term:020}.{EXTENSION}")
}

/// Makes the directory and removes what an interrupted writing left.
pub(super) fn prepare_dir(dir: &Path) -> Result<(), SnapshotError> {
    fs::create_dir_all(dir).map_err(io_error("create", dir))?;
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        sync_dir(parent)?;
    }
    for path in with_extension(dir, TEMPORARY)? {
        fs::remove_file(&path).map_err(io_error("remove", &path))?;
    }
    Ok(())
}

/// The snapshot files, newest first.
pub(super) fn newest_first(dir: &Path) -> Result<Vec<PathBuf>, SnapshotError> {
    let mut paths = with_extension(dir, EXTENSION)?;
    paths.sort_by(|a, b| b.cmp(a));
    Ok(paths)
}

fn with_extension(dir: &Path, wanted: &str) -> Result<Vec<PathBuf>, SnapshotError> {
    let entries = fs::read_dir(dir).map_err(io_error("list", dir))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(io_error("list", dir))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == wanted)
        {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// Writes a file whole.
pub(super) fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
    let path = dir.join(name);
    let temporary = path.with_extension(TEMPORARY);
    let mut file = File::create(&temporary).map_err(io_error("create", &temporary))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(io_error("write", &temporary))?;
    fs::rename(&temporary, &path).map_err(io_error("rename", &temporary))?;
    sync_dir(dir)
}
