//! Recovery of a server whose cluster has lost its quorum, on the data directory of the stopped
//! agent (design, section 5, "a wiped majority is lost"; raft study, hazard R10).
//!
//! Two doors lead here: the command `operator raft recover` ([`plan`], [`apply`]) and Consul's file
//! `raft/peers.json` (agent reference, 2.6), which the next start of the agent honours. Both write
//! down what they are about to do and then do it in [`Step`]s, each of which may be done twice. An
//! agent that starts on a directory where a recovery was begun finishes it first, so there is no
//! moment at which a kill leaves something between the old cluster and the new one.
//!
//! Who may vote from then on, and which id the cluster has, follows from
//! [`majorities_meet`](crate::autopilot::majorities_meet); see
//! [ADR 12](crate::docs::adr::adr_0012_recovery).

mod backup;
mod error;
mod left;
mod peers_json;
mod steps;

pub use error::RecoverError;
pub use left::{BrokenOff, Left};
pub use steps::{Done, Recovery, Step};

use std::path::{Path, PathBuf};

use tracing::warn;

use super::founding;
use crate::bootstrap::Ledger;
use crate::datadir::DataDir;
use crate::raft::offline::{self, Stored, StoredPeer};
use crate::types::{ClusterId, RaftId};

/// What is on the data directory of a stopped server, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The data directory.
    pub dir: PathBuf,
    /// The cluster it belongs to.
    pub cluster: ClusterId,
    /// This server, as the raft configuration names it.
    pub own: StoredPeer,
    /// What raft holds.
    pub stored: Stored,
    /// Where the copy of what is changed will lie.
    pub backup: PathBuf,
    /// A recovery was begun, to this cluster id, and not finished.
    pub begun: Option<ClusterId>,
}

impl Plan {
    /// The other servers of the raft configuration.
    pub fn others(&self) -> impl Iterator<Item = &StoredPeer> {
        let own = self.own.id;
        self.stored.peers.iter().filter(move |peer| peer.id != own)
    }

    /// Entries of the log of which this server does not know whether they were committed.
    pub fn uncertain(&self) -> u64 {
        let last = self.stored.last.map_or(0, |(index, _)| index);
        last.saturating_sub(self.stored.committed.unwrap_or(0))
    }
}

/// Looks at the data directory of a stopped server and changes nothing. Blocks.
///
/// # Errors
/// See [`RecoverError`]: an agent has the directory, or there is nothing to recover.
pub fn plan(dir: &Path) -> Result<Plan, RecoverError> {
    let open = DataDir::inspect(dir).map_err(RecoverError::opening)?;
    let found = survey(&open, dir)?;
    let begun = Recovery::begun(&open)?.map(|intent| intent.to);
    if begun.is_none() {
        found.check()?;
    }
    let own = found.own()?;
    Ok(Plan {
        dir: dir.to_owned(),
        backup: dir.join(found.backup_name()),
        cluster: found.cluster,
        own,
        stored: found.stored,
        begun,
    })
}

/// Makes the server of a data directory the only voter of a new cluster that holds all its data,
/// or finishes what was begun. Blocks.
///
/// # Errors
/// See [`BrokenOff`].
pub fn apply(dir: &Path) -> Result<Done, BrokenOff> {
    let record = steps::record_of(dir);
    let was_begun = record.exists();
    let begun = Recovery::begin(dir).map_err(|error| BrokenOff {
        error: Box::new(error),
        left: match (was_begun, record.exists()) {
            (true, _) => Left::Earlier,
            // A write that failed may have come about all the same.
            (false, true) => Left::Begun {
                asking: vec![record],
            },
            (false, false) => Left::Nothing,
        },
    });
    begun?.finish()
}

/// What a start does before anything else with the directory: a `peers.json` that was there before
/// the first start must not look like raft data. Blocks.
///
/// # Errors
/// See [`RecoverError`]; the agent must not start then.
pub(super) fn before_ids(dir: &DataDir) -> Result<(), RecoverError> {
    dir.path().map_or(Ok(()), peers_json::forget_early)
}

/// What a start does before raft is opened: finishes a recovery that was begun, and honours
/// `peers.json`. Blocks.
///
/// # Errors
/// See [`RecoverError`]; the agent must not start then.
pub(super) fn at_start(dir: &DataDir) -> Result<(), RecoverError> {
    let Some(path) = dir.path() else {
        return Ok(());
    };
    if let Some(recovery) = Recovery::resume(dir, path)? {
        warn!(target: "agent.server", "finishing a recovery that was begun");
        recovery.finish()?;
    }
    peers_json::honour(dir, path)
}

/// What a recovery begins with.
struct Survey {
    raft_id: RaftId,
    cluster: ClusterId,
    stored: Stored,
}

impl Survey {
    fn own(&self) -> Result<StoredPeer, RecoverError> {
        let own = self.stored.peer(self.raft_id).cloned();
        own.ok_or(RecoverError::NotAPeer { id: self.raft_id })
    }

    /// The folder of the copy: a log that has moved on gets another one.
    fn backup_name(&self) -> String {
        let last = self.stored.last.map_or(0, |(index, _)| index);
        format!("recovery-backup-{}-{last}", self.cluster)
    }

    /// A server that votes alone has lost no quorum.
    fn check(&self) -> Result<(), RecoverError> {
        if self.stored.voters() == [self.raft_id].into() {
            return Err(RecoverError::Alone);
        }
        Ok(())
    }
}

fn survey(dir: &DataDir, path: &Path) -> Result<Survey, RecoverError> {
    let not_a_server = || RecoverError::NotAServer {
        dir: path.to_owned(),
    };
    let raft_id = dir.known_raft_id().map_err(RecoverError::DataDir)?;
    let raft_id = raft_id.ok_or_else(not_a_server)?;
    let ledger: Option<Ledger> = dir.load(founding::RECORD).map_err(RecoverError::DataDir)?;
    let ledger = ledger.unwrap_or_default();
    let stored = offline::look(path, raft_id).map_err(RecoverError::Raft)?;
    // A crash may have come between raft's first commit and the record of it. Behind the founding
    // entry there is only what a leader wrote, and that may have been acknowledged.
    let has_been_led = stored.last.is_some_and(|(index, _term)| index > 0);
    let is_founded = ledger.cluster().is_some() || stored.committed.is_some() || has_been_led;
    let cluster = ledger
        .raft_cluster()
        .filter(|_| is_founded && stored.last.is_some());
    let cluster = cluster.ok_or_else(|| RecoverError::NoCluster {
        dir: path.to_owned(),
    })?;
    Ok(Survey {
        raft_id,
        cluster,
        stored,
    })
}
