//! The data directory: what an agent remembers from one life to the next.
//!
//! Opens it for one process only, mints the ids that live in it, and keeps small records whole:
//! a reader finds the old one or the new one, never half. Never repairs and never guesses; what
//! is damaged is an error that names the file and says what to do. Rules: design, sections 4
//! (identity), 5 (what a server remembers of a founding) and 8 (how a state file is written);
//! agent reference, 10.3 (Consul's files).
//!
//! | file | holds |
//! |---|---|
//! | `lock` | process id of the agent that has the directory |
//! | `node-id` | the node id as text, as Consul keeps it |
//! | `raft-id` | the raft id as text, on servers |
//! | `<name>.record` | one record, see [`DataDir::load`] |
//! | `raft/` | the raft room's own |
//!
//! All calls but [`DataDir::work`] block, and those that write wait for the disk.

mod disk;
mod envelope;
mod error;
mod place;
#[cfg(test)]
mod tests;

pub use error::DataDirError;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::host::{Storage, Store};
use crate::types::{NodeId, RaftId};
use place::Place;

/// File of the node id; Consul's name.
const NODE_ID: &str = "node-id";
/// File of the raft id.
const RAFT_ID: &str = "raft-id";
/// Folder of the raft room.
const RAFT: &str = "raft";
/// Record of the last start.
const GENERATION: &str = "generation";
/// Record of the servers last known.
const PEERS: &str = "peers";
/// Record of whether the agent left after those were written.
const LEFT: &str = "left";

/// A member, and where its gossip listened.
pub type Home = (NodeId, SocketAddr);

/// An open data directory. Clones are the same directory; the last one dropped unlocks it.
#[derive(Debug, Clone)]
pub struct DataDir {
    place: Arc<Place>,
}

impl DataDir {
    /// Says whether a directory can be used, as far as can be known without writing: for
    /// `validate`, also while an agent has the directory open.
    ///
    /// # Errors
    ///
    /// What [`DataDir::open`] would find, except a lock and what only a write shows.
    pub fn check(dir: &Path) -> Result<(), DataDirError> {
        disk::check(dir)?;
        for id in [NODE_ID, RAFT_ID] {
            let path = dir.join(id);
            if let Some(bytes) = disk::read(&path)? {
                parse_id::<NodeId>(&path, &bytes)?;
            }
        }
        Ok(())
    }

    /// Creates the directory (mode 0700) if there is none, and locks it.
    ///
    /// # Errors
    ///
    /// [`DataDirError::Locked`] if another process has it; [`DataDirError::NotADirectory`] and
    /// [`DataDirError::Io`] if it cannot be created or written.
    pub fn open(dir: &Path) -> Result<Self, DataDirError> {
        disk::create(dir)?;
        let lock = disk::lock(dir)?;
        let place = Place::Disk {
            dir: dir.to_owned(),
            _lock: Some(lock),
            writing: Mutex::default(),
        };
        Ok(Self {
            place: Arc::new(place),
        })
    }

    /// Opens the directory of a stopped agent to look at it: takes its lock, and creates and
    /// writes nothing. Where there is no lock file no agent ever ran, and nothing is locked.
    ///
    /// # Errors
    ///
    /// [`DataDirError::Locked`] if an agent has it; [`DataDirError::NotADirectory`];
    /// [`DataDirError::Io`].
    pub fn inspect(dir: &Path) -> Result<Self, DataDirError> {
        let lock = disk::lock_as_it_is(dir)?;
        let place = Place::Disk {
            dir: dir.to_owned(),
            _lock: lock,
            writing: Mutex::default(),
        };
        Ok(Self {
            place: Arc::new(place),
        })
    }

    /// A directory that is forgotten with the process, for `-dev`.
    pub fn memory() -> Self {
        Self {
            place: Arc::new(Place::Memory(Mutex::default())),
        }
    }

    /// What is kept in storage of another kind.
    pub fn on(store: Arc<dyn Store>) -> Self {
        Self {
            place: Arc::new(Place::Store(store)),
        }
    }

    /// Where it is; none if it is no directory.
    pub fn path(&self) -> Option<&Path> {
        match &*self.place {
            Place::Disk { dir, .. } => Some(dir),
            Place::Store(_) | Place::Memory(_) => None,
        }
    }

    /// Where other rooms keep theirs.
    pub fn storage(&self) -> Storage {
        match &*self.place {
            Place::Disk { dir, .. } => Storage::Directory(dir.clone()),
            Place::Store(store) => Storage::Store(Arc::clone(store)),
            Place::Memory(_) => Storage::Nowhere,
        }
    }

    /// Runs calls of this room where they may wait for the disk.
    ///
    /// # Panics
    /// With the panic of the work.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let dir = self.clone();
        self.storage().work(move || work(&dir)).await
    }

    /// The node id: the configured one, which is not written (as Consul does); else the one of
    /// the file; else a new one, written before it is given.
    ///
    /// # Errors
    ///
    /// [`DataDirError::Damaged`] if the file holds no id; [`DataDirError::Io`].
    pub fn node_id(&self, configured: Option<NodeId>) -> Result<NodeId, DataDirError> {
        if let Some(id) = configured {
            return Ok(id);
        }
        if let Some(bytes) = self.place.read(NODE_ID)? {
            return parse_id(&self.place.path_of(NODE_ID), &bytes);
        }
        let id = NodeId::random(rand::random());
        self.place.write(NODE_ID, id.to_string().as_bytes())?;
        Ok(id)
    }

    /// The raft id: the one of the file, else a new one, written before it is given. One id is
    /// never used by two logs (raft study, hazard R4), so none is minted beside an old log.
    ///
    /// # Errors
    ///
    /// [`DataDirError::OrphanLog`] if there is a log without an id; else as
    /// [`DataDir::node_id`].
    pub fn raft_id(&self) -> Result<RaftId, DataDirError> {
        if let Some(bytes) = self.place.read(RAFT_ID)? {
            return parse_id(&self.place.path_of(RAFT_ID), &bytes);
        }
        if let Some(dir) = self.path()
            && disk::has_entries(&dir.join(RAFT))?
        {
            return Err(DataDirError::OrphanLog {
                log: dir.join(RAFT),
                dir: dir.to_owned(),
            });
        }
        let id = RaftId::random(rand::random());
        self.place.write(RAFT_ID, id.to_string().as_bytes())?;
        Ok(id)
    }

    /// The raft id of the file, if there is one; mints none.
    ///
    /// # Errors
    ///
    /// [`DataDirError::Damaged`] if the file holds no id; [`DataDirError::Io`].
    pub fn known_raft_id(&self) -> Result<Option<RaftId>, DataDirError> {
        let bytes = self.place.read(RAFT_ID)?;
        bytes
            .map(|bytes| parse_id(&self.place.path_of(RAFT_ID), &bytes))
            .transpose()
    }

    /// The generation of this start, in milliseconds since the Unix epoch: `now_ms`, or one more
    /// than the last start's if the clock went back. Written before it is given.
    ///
    /// # Errors
    ///
    /// As [`DataDir::load`] and [`DataDir::store`].
    pub fn generation(&self, now_ms: u64) -> Result<u64, DataDirError> {
        let last: Option<u64> = self.load(GENERATION)?;
        let generation = last.map_or(now_ms, |last| now_ms.max(last.saturating_add(1)));
        self.store(GENERATION, &generation)?;
        Ok(generation)
    }

    /// Who the servers last known are, and where; empty at the first start.
    ///
    /// # Errors
    ///
    /// As [`DataDir::load`].
    pub fn peers(&self) -> Result<Vec<Home>, DataDirError> {
        Ok(self.load(PEERS)?.unwrap_or_default())
    }

    /// Remembers the servers and their addresses, so that the next life finds them although every
    /// source is silent. Does not touch the disk if they are the ones remembered. Who remembers
    /// others is among them again, and has not left.
    ///
    /// # Errors
    ///
    /// As [`DataDir::store`].
    pub fn store_peers(&self, peers: &[Home]) -> Result<(), DataDirError> {
        let is_known = self.peers().is_ok_and(|known| known == peers);
        if !is_known {
            self.store(PEERS, &peers)?;
        }
        if self.has_left().is_ok_and(|has_left| !has_left) {
            return Ok(());
        }
        self.store(LEFT, &false)
    }

    /// Whom to go to at a start: those that are remembered, and nobody after a leave, unless
    /// `rejoin_after_leave` is set in this life.
    ///
    /// # Errors
    ///
    /// As [`DataDir::load`].
    pub fn peers_to_meet(&self, rejoin_after_leave: bool) -> Result<Vec<Home>, DataDirError> {
        if self.has_left()? && !rejoin_after_leave {
            return Ok(Vec::new());
        }
        self.peers()
    }

    /// Whether the agent left, and has met nobody since.
    fn has_left(&self) -> Result<bool, DataDirError> {
        Ok(self.load(LEFT)?.unwrap_or(false))
    }

    /// Remembers that the agent left.
    ///
    /// # Errors
    ///
    /// As [`DataDir::store`].
    pub fn store_left(&self) -> Result<(), DataDirError> {
        self.store(LEFT, &true)
    }

    /// Reads a record; `None` if it was never stored. The name is a plain file name.
    ///
    /// # Errors
    ///
    /// [`DataDirError::Damaged`] and [`DataDirError::Newer`] if the file is not what
    /// [`DataDir::store`] wrote; [`DataDirError::Io`].
    pub fn load<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DataDirError> {
        let file = record(name);
        let Some(bytes) = self.place.read(&file)? else {
            return Ok(None);
        };
        envelope::unwrap(&self.place.path_of(&file), &bytes).map(Some)
    }

    /// Writes a record whole: once this returns it is on the disk, and a crash before leaves the
    /// old one.
    ///
    /// # Errors
    ///
    /// [`DataDirError::Unwritable`] if the value has no form or is too large;
    /// [`DataDirError::Io`], after which either the old record or the new one is there.
    pub fn store<T: Serialize>(&self, name: &str, value: &T) -> Result<(), DataDirError> {
        let file = record(name);
        let bytes = envelope::wrap(&self.place.path_of(&file), value)?;
        self.place.write(&file, &bytes)
    }

    /// Removes a record, if it is there: once this returns it is gone for good.
    ///
    /// # Errors
    ///
    /// [`DataDirError::Io`], after which the record may be there or not.
    pub fn remove(&self, name: &str) -> Result<(), DataDirError> {
        self.place.remove(&record(name))
    }
}

fn record(name: &str) -> String {
    format!("{name}.record")
}

/// Reads an id; white space around it is an editor's, and does no harm.
fn parse_id<T: std::str::FromStr>(path: &Path, bytes: &[u8]) -> Result<T, DataDirError> {
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| DataDirError::Damaged {
            path: path.to_owned(),
            why: "it does not hold a UUID",
        })
}
