//! Work on the raft data of a stopped server: looks at it, and gives it another configuration
//! (raft study, hazard R10).
//!
//! Decides nothing: who shall vote, and whether the cluster goes on under its id, is the caller's
//! to say. The caller holds the data directory's lock, so that nothing else writes meanwhile.
//!
//! A new configuration is written as a snapshot that ends at some entry of the log and takes the
//! place of all entries up to there. The vote stays as it is: a server never votes twice in a
//! term, whoever rewrote its configuration. Both steps may be done again after a crash, with the
//! same outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use openraft::{EntryPayload, Membership};
use serde::{Deserialize, Serialize};

use super::log::{LogError, Scan, drop_entries};
use super::snapshot::{self, SnapshotError};
use super::type_config::{Entry, LogId, Peer, SnapshotMeta, StoredMembership};
use crate::state::State;
use crate::types::RaftId;

/// Raft data that cannot be read or rewritten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfflineError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The snapshots.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The log was written by another raft node: somebody mixed up data directories.
    #[error("the raft log below {} belongs to raft node {owner}, not to {own}", dir.display())]
    Foreign {
        /// The data directory.
        dir: PathBuf,
        /// Whose log it is.
        owner: RaftId,
        /// Whose data directory it is.
        own: RaftId,
    },
    /// There is neither a log entry nor a snapshot.
    #[error("there is no raft data below {}", dir.display())]
    Nothing {
        /// The data directory.
        dir: PathBuf,
    },
    /// The configuration has no voter, or makes no sense to openraft.
    #[error("the raft configuration cannot be written: {reason}")]
    Refused {
        /// In openraft's words.
        reason: String,
    },
}

/// Up to where the log goes into the state that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Upto {
    /// To its end: entries of which nobody knows any more whether they are committed count as
    /// committed. For a server that goes on alone.
    Last,
    /// To what is known to be committed, and behind the last configuration in the log. The rest
    /// stays in the log and is committed, or not, by those who vote from now on.
    Committed,
}

/// A server of a raft configuration on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPeer {
    /// The raft node.
    pub id: RaftId,
    /// The agent that runs it, and where.
    pub peer: Peer,
    /// It votes; else it is a learner.
    pub is_voter: bool,
}

/// What the raft data of a stopped server holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The term in which it voted last; 0 if it never did.
    pub term: u64,
    /// Index and term of the last entry, in the log or in the snapshot; none if there is none.
    pub last: Option<(u64, u64)>,
    /// Index and term of the last entry that the snapshot covers.
    pub snapshot: Option<(u64, u64)>,
    /// Index up to which entries are known to be committed. More may be: the mark is not synced.
    pub committed: Option<u64>,
    /// The last configuration, committed or not, sorted by name.
    pub peers: Vec<StoredPeer>,
    /// The log ends in a record that was cut off. It was never acknowledged.
    pub is_torn: bool,
}

impl Stored {
    /// One server of the configuration.
    pub fn peer(&self, id: RaftId) -> Option<&StoredPeer> {
        self.peers.iter().find(|peer| peer.id == id)
    }

    /// The servers that vote.
    pub fn voters(&self) -> BTreeSet<RaftId> {
        let voters = self.peers.iter().filter(|peer| peer.is_voter);
        voters.map(|peer| peer.id).collect()
    }
}

/// Looks at the raft data below a data directory; changes nothing. Blocks.
///
/// # Errors
/// See [`OfflineError`]; `Nothing` is none.
pub fn look(dir: &Path, own: RaftId) -> Result<Stored, OfflineError> {
    let data = Data::read(dir, own)?;
    let mut peers = data.last_configuration(dir)?;
    peers.sort_by(|a, b| (&a.peer.name, a.id).cmp(&(&b.peer.name, b.id)));
    Ok(Stored {
        term: data.scan.vote.map_or(0, |vote| vote.leader_id.term),
        last: data.last().as_ref().map(place),
        snapshot: data.start.applied.as_ref().map(place),
        committed: data.committed().map(|id| id.index()),
        peers,
        is_torn: data.scan.is_torn,
    })
}

/// Writes the state, up to an entry of the log, as a snapshot of another configuration. Blocks.
///
/// # Errors
/// See [`OfflineError`]; what was there is untouched then.
pub fn write_snapshot(
    dir: &Path,
    own: RaftId,
    peers: &[StoredPeer],
    upto: Upto,
) -> Result<(), OfflineError> {
    let data = Data::read(dir, own)?;
    let end = data.end(dir, upto)?;
    let mut replay = data.start.clone();
    data.scan
        .each_behind(&log_dir(dir), data.start.applied, |entry| {
            if Some(entry.log_id) <= end {
                replay.take(entry);
            }
        })?;
    let voters = peers.iter().filter(|peer| peer.is_voter);
    let nodes = peers.iter().map(|entry| (entry.id, entry.peer.clone()));
    let membership = Membership::new(
        vec![voters.map(|peer| peer.id).collect::<BTreeSet<_>>()],
        nodes.collect::<BTreeMap<_, _>>(),
    )
    .map_err(|error| OfflineError::Refused {
        reason: error.to_string(),
    })?;
    // Whoever names a server for the new configuration wants it, whatever was said before.
    replay.state.readmit(peers.iter().map(|peer| peer.id));
    let meta = SnapshotMeta {
        last_log_id: end,
        last_membership: StoredMembership::new(end, membership),
    };
    Ok(snapshot::replace(&snapshot_dir(dir), &meta, &replay.state)?)
}

/// Drops the entries that the newest snapshot covers from the log, and keeps the vote. Blocks.
///
/// # Errors
/// See [`OfflineError`].
pub fn drop_covered(dir: &Path, own: RaftId) -> Result<(), OfflineError> {
    let data = Data::read(dir, own)?;
    match data.start.applied {
        Some(upto) => Ok(drop_entries(&log_dir(dir), own, upto)?),
        None => Ok(()),
    }
}

/// A state on its way through the log.
#[derive(Debug, Clone, Default)]
struct Replay {
    state: State,
    applied: Option<LogId>,
    membership: StoredMembership,
}

impl Replay {
    fn take(&mut self, entry: Entry) {
        self.applied = Some(entry.log_id);
        match entry.payload {
            EntryPayload::Blank => {}
            EntryPayload::Normal(proposal) => {
                self.state.apply(entry.log_id.index(), &proposal.0);
            }
            EntryPayload::Membership(membership) => {
                self.membership = StoredMembership::new(Some(entry.log_id), membership);
            }
        }
    }
}

/// Log and snapshot of one server.
struct Data {
    scan: Scan,
    /// What the snapshot holds.
    start: Replay,
}

impl Data {
    fn read(dir: &Path, own: RaftId) -> Result<Self, OfflineError> {
        let scan = if log_dir(dir).is_dir() {
            Scan::of(&log_dir(dir))?
        } else {
            Scan::default()
        };
        if let Some(owner) = scan.owner.filter(|owner| *owner != own) {
            let dir = dir.to_owned();
            return Err(OfflineError::Foreign { dir, owner, own });
        }
        let found = if snapshot_dir(dir).is_dir() {
            snapshot::look(&snapshot_dir(dir), scan.purged)?.0
        } else {
            None
        };
        let start = found.map_or_else(Replay::default, |found| Replay {
            state: found.snapshot,
            applied: found.meta.last_log_id,
            membership: found.meta.last_membership,
        });
        Ok(Self { scan, start })
    }

    fn last(&self) -> Option<LogId> {
        self.scan.last().max(self.start.applied)
    }

    fn committed(&self) -> Option<LogId> {
        self.scan.committed.max(self.start.applied)
    }

    /// Where the new snapshot ends.
    fn end(&self, dir: &Path, upto: Upto) -> Result<Option<LogId>, OfflineError> {
        let end = match upto {
            Upto::Last => self.last(),
            Upto::Committed => self.committed().max(*self.last_membership(dir)?.log_id()),
        };
        if end.is_none() {
            let dir = dir.to_owned();
            return Err(OfflineError::Nothing { dir });
        }
        Ok(end)
    }

    fn last_membership(&self, dir: &Path) -> Result<StoredMembership, OfflineError> {
        let mut last = self.start.membership.clone();
        self.scan
            .each_behind(&log_dir(dir), self.start.applied, |entry| {
                if let EntryPayload::Membership(membership) = entry.payload {
                    last = StoredMembership::new(Some(entry.log_id), membership);
                }
            })?;
        Ok(last)
    }

    fn last_configuration(&self, dir: &Path) -> Result<Vec<StoredPeer>, OfflineError> {
        let last = self.last_membership(dir)?;
        let voters: BTreeSet<RaftId> = last.voter_ids().collect();
        let peers = last.nodes().map(|(id, peer)| StoredPeer {
            id: *id,
            peer: peer.clone(),
            is_voter: voters.contains(id),
        });
        Ok(peers.collect())
    }
}

fn log_dir(dir: &Path) -> PathBuf {
    dir.join("raft").join("log")
}

fn snapshot_dir(dir: &Path) -> PathBuf {
    dir.join("raft").join("snapshots")
}

fn place(log_id: &LogId) -> (u64, u64) {
    (log_id.index(), log_id.committed_leader_id().term)
}
