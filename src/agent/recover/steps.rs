//! A recovery, step by step: what is to be done is on the disk before the first step, and each
//! step may be done again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{BrokenOff, Left, RecoverError, Survey, backup, peers_json, survey};
use crate::agent::{founding, membership, removed};
use crate::bootstrap::Ledger;
use crate::datadir::DataDir;
use crate::raft::offline::{self, StoredPeer, Upto};
use crate::types::{ClusterId, RaftId};

/// The record's name in the data directory. It is there while a recovery is under way.
const RECORD: &str = "recovery";

/// One part of a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Raft's folder and the records are copied.
    Backup,
    /// The ledger names the new cluster: from here on the old one is refused.
    Ledger,
    /// The cluster of the doors is the ledger's.
    Cluster,
    /// A snapshot with the new configuration takes the place of the log.
    Snapshot,
    /// The log that it covers is dropped; the vote stays.
    Log,
    /// `peers.json`, if it asked for the recovery, is removed.
    File,
    /// The recovery is over.
    Close,
}

impl Step {
    /// All steps in their order.
    pub const ALL: [Self; 7] = [
        Self::Backup,
        Self::Ledger,
        Self::Cluster,
        Self::Snapshot,
        Self::Log,
        Self::File,
        Self::Close,
    ];
}

/// What a recovery is about to do, on the disk before it does anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    pub(super) from: ClusterId,
    /// The same as `from` if the cluster goes on.
    pub(super) to: ClusterId,
    /// The configuration from then on.
    pub(super) peers: Vec<StoredPeer>,
    pub(super) upto: Upto,
    /// The folder of the copy, below the data directory.
    pub(super) backup: String,
    /// `peers.json` asked for it.
    pub(super) is_from_file: bool,
}

/// What a recovery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The cluster that was.
    pub from: ClusterId,
    /// The cluster that is; the same if it goes on.
    pub to: ClusterId,
    /// Where the copy of what was changed lies.
    pub backup: PathBuf,
}

/// A recovery that was begun. The data directory is locked while it lives.
#[derive(Debug)]
pub struct Recovery {
    dir: DataDir,
    path: PathBuf,
    raft_id: RaftId,
    intent: Intent,
}

impl Recovery {
    /// Writes down that the server of a data directory becomes the only voter of a new cluster, or
    /// takes up what was begun. Nothing else is changed. Blocks.
    ///
    /// # Errors
    /// See [`RecoverError`].
    pub fn begin(path: &Path) -> Result<Self, RecoverError> {
        // Looked at first: opening would make a directory where there is none.
        drop(DataDir::inspect(path).map_err(RecoverError::opening)?);
        let dir = DataDir::open(path).map_err(RecoverError::opening)?;
        if let Some(begun) = Self::resume(&dir, path)? {
            return Ok(begun);
        }
        let found = survey(&dir, path)?;
        found.check()?;
        let own = StoredPeer {
            is_voter: true,
            ..found.own()?
        };
        let to = ClusterId::random(rand::random());
        Self::write_down(&dir, path, &found, |from, backup| Intent {
            from,
            to,
            peers: vec![own],
            upto: Upto::Last,
            backup,
            is_from_file: false,
        })
    }

    /// What was begun and not finished, if anything.
    pub(super) fn begun(dir: &DataDir) -> Result<Option<Intent>, RecoverError> {
        dir.load(RECORD).map_err(RecoverError::DataDir)
    }

    /// Takes up what was begun, if anything.
    pub(super) fn resume(dir: &DataDir, path: &Path) -> Result<Option<Self>, RecoverError> {
        let Some(intent) = Self::begun(dir)? else {
            return Ok(None);
        };
        let raft_id = dir.known_raft_id().map_err(RecoverError::DataDir)?;
        let raft_id = raft_id.ok_or_else(|| RecoverError::NotAServer {
            dir: path.to_owned(),
        })?;
        Ok(Some(Self {
            dir: dir.clone(),
            path: path.to_owned(),
            raft_id,
            intent,
        }))
    }

    /// Puts an intent on the disk.
    pub(super) fn write_down(
        dir: &DataDir,
        path: &Path,
        found: &Survey,
        intent: impl FnOnce(ClusterId, String) -> Intent,
    ) -> Result<Self, RecoverError> {
        let intent = intent(found.cluster, found.backup_name());
        dir.store(RECORD, &intent).map_err(RecoverError::DataDir)?;
        backup::give_to_owner(path, &intent.backup)?;
        Ok(Self {
            dir: dir.clone(),
            path: path.to_owned(),
            raft_id: found.raft_id,
            intent,
        })
    }

    /// Does one step; the ones before must be done. Blocks.
    ///
    /// # Errors
    /// See [`RecoverError`]; the step is to be done again then.
    pub fn step(&self, step: Step) -> Result<(), RecoverError> {
        let done = self.carry_out(step);
        // Also after a failure: whoever goes on may be the agent's user, and not root.
        let given = backup::give_to_owner(&self.path, &self.intent.backup);
        done.and(given)
    }

    fn carry_out(&self, step: Step) -> Result<(), RecoverError> {
        let (path, intent) = (self.path.as_path(), &self.intent);
        match step {
            Step::Backup => backup::make(path, &intent.backup),
            Step::Ledger => self.write_ledger(),
            Step::Cluster => self
                .dir
                .store(membership::RECORD, &intent.to)
                .map_err(RecoverError::DataDir),
            Step::Snapshot => {
                offline::write_snapshot(path, self.raft_id, &intent.peers, intent.upto)
                    .map_err(RecoverError::Raft)
            }
            Step::Log => offline::drop_covered(path, self.raft_id).map_err(RecoverError::Raft),
            Step::File if intent.is_from_file => peers_json::remove(path),
            Step::File => Ok(()),
            Step::Close => {
                // Whoever recovers a server wants it, also one that was taken out.
                let forgotten = self.dir.remove(removed::RECORD);
                let closed = forgotten.and_then(|()| self.dir.remove(RECORD));
                closed.map_err(RecoverError::DataDir)
            }
        }
    }

    /// Does every step. Blocks.
    ///
    /// # Errors
    /// See [`BrokenOff`].
    pub fn finish(self) -> Result<Done, BrokenOff> {
        for step in Step::ALL {
            self.step(step).map_err(|error| BrokenOff {
                left: self.left(step),
                error: Box::new(error),
            })?;
        }
        Ok(Done {
            from: self.intent.from,
            to: self.intent.to,
            backup: self.path.join(self.intent.backup),
        })
    }

    /// What a step that failed leaves.
    fn left(&self, step: Step) -> Left {
        let record = record_of(&self.path);
        match step {
            Step::Backup => self.left_begun(record),
            // A write that failed may have come about all the same.
            Step::Ledger if self.is_ledger_old() => self.left_begun(record),
            Step::Ledger | Step::Cluster | Step::Snapshot | Step::Log | Step::File => Left::Half {
                backup: self.path.join(&self.intent.backup),
            },
            Step::Close if record.exists() => Left::Noted { record },
            Step::Close => Left::Done,
        }
    }

    fn left_begun(&self, record: PathBuf) -> Left {
        let file = self
            .intent
            .is_from_file
            .then(|| peers_json::file(&self.path));
        Left::Begun {
            asking: std::iter::once(record).chain(file).collect(),
        }
    }

    fn is_ledger_old(&self) -> bool {
        let ledger: Result<Option<Ledger>, _> = self.dir.load(founding::RECORD);
        ledger
            .is_ok_and(|ledger| ledger.unwrap_or_default().raft_cluster() == Some(self.intent.from))
    }

    fn write_ledger(&self) -> Result<(), RecoverError> {
        let ledger: Option<Ledger> = self
            .dir
            .load(founding::RECORD)
            .map_err(RecoverError::DataDir)?;
        let next = ledger.unwrap_or_default().recovered(self.intent.to);
        let next = next.ok_or_else(|| RecoverError::NoCluster {
            dir: self.path.clone(),
        })?;
        self.dir
            .store(founding::RECORD, &next)
            .map_err(RecoverError::DataDir)
    }
}

/// Where the record is.
pub(super) fn record_of(path: &Path) -> PathBuf {
    path.join(format!("{RECORD}.record"))
}
