//! What can be wrong with a data directory, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the data directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataDirError {
    /// Another process has the directory open.
    #[error(
        "data directory {} is in use by another process{}; stop it, or give this agent a \
         directory of its own with -data-dir",
        dir.display(),
        pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// Who has it, as far as its lock file says.
        pid: Option<u32>,
    },
    /// The path is something else, or leads through something else.
    #[error("data directory {}: {} is not a directory", dir.display(), path.display())]
    NotADirectory {
        /// The directory asked for.
        dir: PathBuf,
        /// What is in the way.
        path: PathBuf,
    },
    /// The directory cannot be written, or not be created.
    #[error(
        "data directory {}: {} is not writable; it must belong to the user that runs the agent, on \
         a file system that takes writes",
        dir.display(),
        path.display()
    )]
    ReadOnly {
        /// The directory asked for.
        dir: PathBuf,
        /// What is not writable.
        path: PathBuf,
    },
    /// The system refused an operation.
    #[error("{operation} {}", path.display())]
    Io {
        /// What was done, such as `write`.
        operation: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// A file holds something other than what was written.
    #[error(
        "{} is damaged: {why}; {}",
        path.display(),
        advice(path)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file was written by a later version of the program.
    #[error(
        "{} has format {format}, which this version does not know; start the version that wrote it",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u8,
    },
    /// A value cannot be kept in a record.
    #[error("write {}: {why}", path.display())]
    Unwritable {
        /// The record's file.
        path: PathBuf,
        /// What is wrong with the value.
        why: &'static str,
    },
    /// There is a raft log, but not the id that wrote it.
    #[error(
        "{} holds a raft log, but the raft-id file that belongs to it is gone; restore it from a \
         backup of this very agent, or empty {}, after which this agent is a new one",
        log.display(),
        dir.display()
    )]
    OrphanLog {
        /// The folder of the log.
        log: PathBuf,
        /// The data directory.
        dir: PathBuf,
    },
}

/// What to do about a damaged file: some are there to be quicker or surer and can be missed.
fn advice(path: &Path) -> &'static str {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("peers.record") => "remove it, and the agent finds the others by its sources alone",
        Some("generation.record") => {
            "see that the clock is right and remove it, and the agent begins it anew"
        }
        Some("cluster.record") => {
            "remove it if founding.record is beside it, by which a server writes it anew, or if this is \
             a client, which takes the cluster that it finds; else empty the data directory"
        }
        Some("recovery.record") => {
            "a recovery was begun and it is not known how far it came: put back what the newest \
             recovery-backup folder beside it holds, if there is one, and remove it; then recover \
             again"
        }
        _ => {
            "restore it from a backup of this very agent, or empty the data directory, after which \
             this agent is a new one (do not copy it from another agent)"
        }
    }
}
