//! What can be wrong with the log on disk, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::types::RaftId;

/// A log that cannot be opened. Nothing was changed, unless the operating system says so in the
/// middle of a change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The directory's name is not UTF-8, which the log's library asks for.
    #[error("the path {path:?} of the raft log is not UTF-8; choose another with -data-dir")]
    Path {
        /// The directory.
        path: PathBuf,
    },
    /// The log, or a file of it, was written by another raft node: somebody mixed up data
    /// directories. With this log the node would vote and count for another (hazards R1, R4).
    #[error(
        "the raft log in {path} belongs to raft node {owner}, not to {own}; give this agent the \
         data directory that is its own, whole, or an empty one"
    )]
    Foreign {
        /// The directory, or the file of it.
        path: PathBuf,
        /// Whose log it is.
        owner: RaftId,
        /// Who opened it.
        own: RaftId,
    },
    /// The operating system refused, or another process holds the lock.
    #[error("open the raft log in {path}")]
    Open {
        /// The directory.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// What is behind a position in a file is neither what was written nor a torn end.
    #[error("the raft log file {file} is damaged at byte {at}: {reason}; {}", ANEW)]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where its last whole record ends, in bytes.
        at: u64,
        /// What is wrong with the next.
        reason: &'static str,
    },
    /// A part of the log is not there.
    #[error(
        "the raft log in {path} has a hole: {hole}; bring the missing file back, or {}",
        ANEW
    )]
    Hole {
        /// The directory.
        path: PathBuf,
        /// What is missing.
        hole: String,
    },
    /// The log ends before what was on disk when this server said so: votes or entries that it
    /// acknowledged are gone. It must not vote without them (invariants I7 and I8).
    #[error(
        "the raft log in {path} ends at byte {end}{}, but had been synced up to byte \
         {synced}{}: what this server acknowledged is missing; {}, or, if there is no other, \
         remove {} to go on without what is missing",
        index(*last),
        index(*synced_last),
        ANEW,
        mark.display()
    )]
    Shortened {
        /// The directory.
        path: PathBuf,
        /// The file that says up to where the log was synced.
        mark: PathBuf,
        /// Where the log ends, in bytes since its beginning.
        end: u64,
        /// Its last entry, as far as its last file tells.
        last: Option<u64>,
        /// Up to where it was synced, in bytes since its beginning.
        synced: u64,
        /// The last entry then.
        synced_last: Option<u64>,
    },
    /// There are snapshots, but the log that belongs to them is gone, and the votes with it.
    #[error(
        "there are snapshots beside it, but the raft log in {path} is gone; bring it back, or {}",
        ANEW
    )]
    Gone {
        /// The directory of the log.
        path: PathBuf,
    },
}

/// What helps whenever a server has lost a part of its memory and others have it.
const ANEW: &str = "empty the whole data directory, and the server comes back as a new one and \
    gets its state from the others";

fn index(index: Option<u64>) -> String {
    index.map_or_else(String::new, |index| format!(" (index {index})"))
}
