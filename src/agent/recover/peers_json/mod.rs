//! Consul's `raft/peers.json` (agent reference, 2.6): the configuration that the next start shall
//! go by, written by an operator on every server that is left.
//!
//! As at Consul, a directory without `peers.info` is taken for a first start, whose `peers.json`
//! is not meant for it and is removed.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ring::digest;
use serde::Deserialize;
use tracing::{info, warn};

use super::steps::{Intent, Recovery};
use super::{RecoverError, backup, survey};
use crate::autopilot::majorities_meet;
use crate::bootstrap::MEMBERS_MAX;
use crate::datadir::DataDir;
use crate::raft::Peer;
use crate::raft::offline::{Stored, StoredPeer, Upto};
use crate::types::{ClusterId, RaftId};

/// The longest file that is read, in bytes. Chosen: far above what so many servers take.
const BYTES_MAX: u64 = 64 * 1024;

/// What `peers.info` says.
const INFO: &str = "\
The file peers.json in this folder is for one purpose: to tell servers whose
cluster has lost its quorum who votes from now on. There is none in normal work.

Stop every server that is left. Write the same peers.json on each of them, and
start them. It lists the servers that are left, and no other:

[
  {\"id\": \"8a0c4f7e-1111-2222-3333-444455556666\", \"address\": \"192.0.2.11:8300\"},
  {\"id\": \"9b1d4f7e-1111-2222-3333-444455556666\", \"address\": \"192.0.2.12:8300\"}
]

An id is a node id or a raft id, as `quorate operator raft list-peers` and
`quorate operator raft recover -data-dir DIR --plan` show them; add
\"non_voter\": true for a server that shall not vote. Once it is applied the file
is removed. A copy of what it changed stays in the data directory.

For a single server that is left, `quorate operator raft recover` does the same,
says first what will be lost, and needs no file.
";

/// An entry of the file. A key that is none is an error: `nonvoter` would make a voter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    address: String,
    #[serde(default)]
    non_voter: bool,
}

/// Removes a file that was there before the first start. Blocks.
pub(super) fn forget_early(path: &Path) -> Result<(), RecoverError> {
    if info_file(path).exists() || !file(path).exists() {
        return Ok(());
    }
    remove(path)?;
    info!(target: "agent.server", "deleted peers.json file (see peers.info for details)");
    Ok(())
}

/// Does what the file asks for, if there is one; the first start leaves `peers.info` for the next.
/// Blocks.
pub(super) fn honour(dir: &DataDir, path: &Path) -> Result<(), RecoverError> {
    let info_file = info_file(path);
    if !info_file.exists() {
        return write_info(&info_file);
    }
    let Some(text) = read(&file(path))? else {
        return Ok(());
    };
    info!(target: "agent.server", "found peers.json file, recovering Raft configuration...");
    let entries = parse(&text)?;
    let found = match survey(dir, path) {
        Err(RecoverError::NoCluster { .. }) => return Err(RecoverError::NoState),
        other => other?,
    };
    let peers = configuration(entries, &found.stored)?;
    if peers.iter().all(|peer| peer.id != found.raft_id) {
        return Err(wrong(format!(
            "it leaves out this server, whose raft id is {}; name it, or leave the server stopped and \
             start it later with an empty data directory",
            found.raft_id
        )));
    }
    let to = next_cluster(found.cluster, &found.stored, &peers);
    let recovery = Recovery::write_down(dir, path, &found, |from, backup| Intent {
        from,
        to,
        peers,
        upto: Upto::Committed,
        backup,
        is_from_file: true,
    })?;
    let done = recovery.finish()?;
    if done.from != done.to {
        warn!(target: "agent.server", former = %done.from, cluster_id = %done.to,
            "the voters that are left out could decide without those that stay: the cluster has a \
             new id, and agents of the former one are refused");
    }
    info!(target: "agent.server", backup = %done.backup.display(),
        "deleted peers.json file after successful recovery");
    Ok(())
}

/// Removes the file.
pub(super) fn remove(path: &Path) -> Result<(), RecoverError> {
    let file = file(path);
    match std::fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(RecoverError::file("remove", file)(error))
        }
        _ => backup::sync(&path.join("raft")),
    }
}

fn info_file(path: &Path) -> PathBuf {
    path.join("raft").join("peers.info")
}

/// Where the file is.
pub(super) fn file(path: &Path) -> PathBuf {
    path.join("raft").join("peers.json")
}

fn write_info(path: &Path) -> Result<(), RecoverError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(RecoverError::file("create", folder))?;
    File::create(path)
        .and_then(|mut file| {
            file.write_all(INFO.as_bytes())
                .and_then(|()| file.sync_all())
        })
        .map_err(RecoverError::file("write", path))?;
    backup::sync(folder)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, RecoverError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(RecoverError::file("open", path)(error)),
    };
    let mut text = Vec::new();
    file.take(BYTES_MAX + 1)
        .read_to_end(&mut text)
        .map_err(RecoverError::file("read", path))?;
    if u64::try_from(text.len()).map_or(true, |len| len > BYTES_MAX) {
        return Err(wrong(format!("it is longer than {BYTES_MAX} bytes")));
    }
    Ok(Some(text))
}

fn wrong(why: impl Into<String>) -> RecoverError {
    RecoverError::PeersJson { why: why.into() }
}

fn parse(text: &[u8]) -> Result<Vec<Entry>, RecoverError> {
    if serde_json::from_slice::<Vec<String>>(text).is_ok_and(|old| !old.is_empty()) {
        return Err(wrong(
            "a list of addresses is the form of raft protocol 2; list objects with id and address",
        ));
    }
    let entries: Vec<Entry> =
        serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
    if entries.len() > MEMBERS_MAX {
        return Err(wrong(format!("more than {MEMBERS_MAX} servers")));
    }
    Ok(entries)
}

/// The configuration that the entries mean, in terms of the one that was.
fn configuration(entries: Vec<Entry>, stored: &Stored) -> Result<Vec<StoredPeer>, RecoverError> {
    let mut peers: Vec<StoredPeer> = Vec::new();
    for entry in entries {
        let known = resolve(&entry.id, stored)?;
        let rpc_addr: SocketAddr = entry.address.parse().map_err(|_no_address| {
            let Entry { id, address, .. } = &entry;
            wrong(format!(
                "address {address:?} of {id} is not an IP address with a port"
            ))
        })?;
        if peers.iter().any(|peer| peer.id == known.id) {
            return Err(wrong(format!("found duplicate ID: {}", entry.id)));
        }
        if peers.iter().any(|peer| peer.peer.rpc_addr == rpc_addr) {
            return Err(wrong(format!("found duplicate address: {rpc_addr}")));
        }
        peers.push(StoredPeer {
            id: known.id,
            peer: Peer {
                rpc_addr,
                ..known.peer.clone()
            },
            is_voter: !entry.non_voter,
        });
    }
    if peers.iter().all(|peer| !peer.is_voter) {
        return Err(wrong("need at least one voter in configuration"));
    }
    Ok(peers)
}

/// The server of the last configuration that an id names: its raft id, or its node id if no other
/// has the same. A server that was in no configuration joins by itself once there is a leader, and
/// a wrong id would be a voter that nobody ever hears.
fn resolve<'a>(id: &str, stored: &'a Stored) -> Result<&'a StoredPeer, RecoverError> {
    let id = id.trim().to_ascii_lowercase();
    let by_raft = stored.peers.iter().find(|peer| peer.id.to_string() == id);
    let by_node: Vec<&StoredPeer> = stored
        .peers
        .iter()
        .filter(|peer| peer.peer.node_id.to_string() == id)
        .collect();
    match (by_raft, by_node.as_slice()) {
        (Some(peer), _) => Ok(peer),
        (None, [peer]) => Ok(*peer),
        (None, []) => Err(wrong(format!(
            "id {id} is no server of the last raft configuration; its servers are {}",
            listed(&stored.peers.iter().collect::<Vec<_>>())
        ))),
        (None, several) => Err(wrong(format!(
            "node id {id} belongs to several raft nodes; name one by its raft id: {}",
            listed(several)
        ))),
    }
}

fn listed(peers: &[&StoredPeer]) -> String {
    let texts: Vec<String> = peers
        .iter()
        .map(|entry| {
            let Peer {
                node_id,
                name,
                rpc_addr,
            } = &entry.peer;
            format!(
                "{name} at {rpc_addr} (node id {node_id}, raft id {})",
                entry.id
            )
        })
        .collect();
    texts.join(", ")
}

/// The cluster's id from then on. It stays as long as no majority of the old voters could act
/// beside a majority of the new ones; else it becomes another one, and the same on every server
/// that is given the same voters.
fn next_cluster(former: ClusterId, stored: &Stored, peers: &[StoredPeer]) -> ClusterId {
    let voters = peers.iter().filter(|peer| peer.is_voter);
    let voters: BTreeSet<RaftId> = voters.map(|peer| peer.id).collect();
    if majorities_meet(&stored.voters(), &voters) {
        return former;
    }
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(b"quorate peers.json");
    hash.update(&former.bits().to_be_bytes());
    for voter in voters {
        hash.update(&voter.bits().to_be_bytes());
    }
    let digest = hash.finish();
    let bits = digest.as_ref().first_chunk().copied();
    ClusterId::random(u128::from_be_bytes(bits.unwrap_or_default()))
}
