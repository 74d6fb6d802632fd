//! Why a recovery is not done, and what to do about it.

use std::io;
use std::path::PathBuf;

use super::BrokenOff;
use crate::datadir::DataDirError;
use crate::raft::offline::OfflineError;
use crate::types::RaftId;

/// A recovery that is refused, or a part of it that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// An agent has the directory.
    #[error(
        "an agent runs on {}{}; stop it first",
        dir.display(),
        pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    Running {
        /// The data directory.
        dir: PathBuf,
        /// The agent's process, as far as its lock file says.
        pid: Option<u32>,
    },
    /// The data directory.
    #[error(transparent)]
    DataDir(DataDirError),
    /// No server ever ran on the directory.
    #[error("{} is not the data directory of a server: it holds no raft-id", dir.display())]
    NotAServer {
        /// The directory.
        dir: PathBuf,
    },
    /// There is no cluster whose quorum could be lost.
    #[error(
        "the server of {} is in no cluster, so there is nothing to recover; start it, and it joins \
         or founds one",
        dir.display()
    )]
    NoCluster {
        /// The directory.
        dir: PathBuf,
    },
    /// The server is not in its own raft configuration.
    #[error(
        "this server (raft id {id}) was taken out of its cluster, so its data may be old; recover \
         from a server that was not"
    )]
    NotAPeer {
        /// The raft node.
        id: RaftId,
    },
    /// The server votes alone.
    #[error("this server is the only voter already, so no quorum is lost; start it")]
    Alone,
    /// Log or snapshot.
    #[error(transparent)]
    Raft(OfflineError),
    /// A recovery that was begun is not finished.
    #[error(transparent)]
    BrokenOff(#[from] BrokenOff),
    /// A file or directory besides.
    #[error("{operation} {}", path.display())]
    File {
        /// What was tried: a verb.
        operation: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// `peers.json` is not what it must be; nothing was changed. The beginning is Consul's.
    #[error("recovery failed to parse peers.json: {why}")]
    PeersJson {
        /// What is wrong with it, and what to write.
        why: String,
    },
    /// `peers.json` on a server without data; Consul's text.
    #[error(
        "recovery failed: refused to recover cluster with no initial state, this is probably an \
         operator error"
    )]
    NoState,
}

impl RecoverError {
    /// A lock that is held gets the words of this room.
    pub(super) fn opening(error: DataDirError) -> Self {
        match error {
            DataDirError::Locked { dir, pid } => Self::Running { dir, pid },
            other => Self::DataDir(other),
        }
    }

    pub(super) fn file(
        operation: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            operation,
            path,
            source,
        }
    }
}
