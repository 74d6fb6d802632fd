//! Whole raft nodes in one process, over a transport that can be cut.

mod durability;
mod ending;
mod faults;
mod founding;
mod offline;
mod peers;
mod reading;
mod timing;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};

use super::{Peer, Raft, RaftConfig, Status, Transport, TransportError, WriteError};
use crate::state::{Answer, Applied, Command, KvEntry, Query};
use crate::types::{NodeId, RaftId};

/// Far above what anything here takes; a wait that gets here has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// The way to a node that is far, in virtual time.
const WAY: Duration = Duration::from_millis(50);

/// The network: who listens where, and which directions are cut.
#[derive(Default)]
pub(super) struct Net {
    nodes: Mutex<HashMap<SocketAddr, Raft>>,
    cuts: Mutex<HashSet<(SocketAddr, SocketAddr)>>,
    /// Whom everything reaches late.
    far: Mutex<Option<SocketAddr>>,
    refusals: Mutex<Vec<String>>,
}

impl Net {
    fn cut(&self, from: RaftId, to: RaftId) {
        self.cuts.lock().unwrap().insert((addr(from), addr(to)));
    }

    fn isolate(&self, node: RaftId, others: &[RaftId]) {
        for other in others.iter().filter(|other| **other != node) {
            self.cut(node, *other);
            self.cut(*other, node);
        }
    }

    fn heal(&self) {
        self.cuts.lock().unwrap().clear();
    }

    fn is_cut(&self, from: SocketAddr, to: SocketAddr) -> bool {
        self.cuts.lock().unwrap().contains(&(from, to))
    }

    /// Everything that is sent to this node takes [`WAY`] from now on.
    fn remove_far(&self, node: RaftId) {
        *self.far.lock().unwrap() = Some(addr(node));
    }

    async fn travel(&self, to: SocketAddr) {
        let is_far = *self.far.lock().unwrap() == Some(to);
        if is_far {
            tokio::time::sleep(WAY).await;
        }
    }

    /// What receivers refused, in their words.
    fn refusals(&self) -> Vec<String> {
        self.refusals.lock().unwrap().clone()
    }
}

struct Wire {
    own: SocketAddr,
    net: Arc<Net>,
}

impl Wire {
    async fn carry(&self, to: SocketAddr, payload: Bytes) -> Result<Bytes, TransportError> {
        let lost = std::future::pending();
        if self.net.is_cut(self.own, to) {
            return lost.await;
        }
        self.net.travel(to).await;
        let node = self.net.nodes.lock().unwrap().get(&to).cloned();
        let Some(node) = node else {
            return Err(TransportError::Unreachable {
                reason: format!("nobody listens on {to}"),
            });
        };
        let answer = node.handle(payload).await;
        self.net.travel(self.own).await;
        if self.net.is_cut(to, self.own) {
            return lost.await;
        }
        answer.map_err(|error| {
            let reason = error.to_string();
            self.net.refusals.lock().unwrap().push(reason.clone());
            TransportError::Refused { reason }
        })
    }
}

impl Transport for Wire {
    fn call<'a>(
        &'a self,
        to: &'a Peer,
        _target: RaftId,
        payload: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Bytes, TransportError>> {
        let to = to.rpc_addr;
        async move {
            tokio::time::timeout(deadline, self.carry(to, payload))
                .await
                .unwrap_or(Err(TransportError::TimedOut))
        }
        .boxed()
    }
}

/// Raft nodes numbered from 1, each with an address of its number and, if wanted, a directory.
pub(crate) struct Cluster {
    net: Arc<Net>,
    config: RaftConfig,
    dirs: Option<tempfile::TempDir>,
}

fn id(number: u8) -> RaftId {
    RaftId::new(u128::from(number))
}

fn addr(id: RaftId) -> SocketAddr {
    let port = 10_000 + u16::try_from(id.bits()).unwrap();
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn peer(id: RaftId) -> Peer {
    Peer {
        node_id: NodeId::new(id.bits()),
        name: format!("s{}", id.bits()),
        rpc_addr: addr(id),
    }
}

fn voters(ids: &[RaftId]) -> BTreeMap<RaftId, Peer> {
    ids.iter().map(|id| (*id, peer(*id))).collect()
}

impl Cluster {
    pub(crate) fn in_memory() -> Self {
        Self {
            net: Arc::default(),
            config: RaftConfig::default(),
            dirs: None,
        }
    }

    fn on_disk() -> Self {
        Self {
            dirs: Some(tempfile::tempdir().unwrap()),
            ..Self::in_memory()
        }
    }

    fn dir(&self, id: RaftId) -> Option<PathBuf> {
        let dirs = self.dirs.as_ref()?;
        Some(dirs.path().join(id.bits().to_string()))
    }

    /// Starts a node on its directory and lets it listen.
    async fn start(&self, id: RaftId) -> Raft {
        let wire = Wire {
            own: addr(id),
            net: Arc::clone(&self.net),
        };
        let started =
            Raft::start(self.config.clone(), id, self.dir(id).into(), Arc::new(wire)).await;
        let raft = started.unwrap();
        self.net
            .nodes
            .lock()
            .unwrap()
            .insert(addr(id), raft.clone());
        raft
    }

    /// Stops a node. To its peers this is a kill: nothing is handed over or said.
    async fn stop(&self, raft: Raft) {
        self.net
            .nodes
            .lock()
            .unwrap()
            .remove(&addr(raft.status().id));
        raft.shutdown().await;
    }

    /// Starts nodes and founds a cluster of all of them on the first.
    pub(crate) async fn found(&self, ids: &[RaftId]) -> Vec<Raft> {
        let mut nodes = Vec::new();
        for id in ids {
            nodes.push(self.start(*id).await);
        }
        nodes[0].initialize(voters(ids)).await.unwrap();
        leader(&nodes).await;
        nodes
    }
}

/// Waits until a status is as wanted.
async fn until(raft: &Raft, what: &str, is_wanted: impl FnMut(&Status) -> bool) -> Status {
    let mut watch = raft.watch_status();
    match tokio::time::timeout(DEADLINE, watch.wait_for(is_wanted)).await {
        Ok(reached) => reached.unwrap(),
        Err(tokio::time::error::Elapsed { .. }) => {
            panic!("not reached: {what}; {:?}", raft.status())
        }
    }
}

/// Waits for one of the nodes to lead and to have committed an entry of its term.
pub(crate) async fn leader(nodes: &[Raft]) -> Raft {
    let leading = nodes.iter().map(|node| {
        async move {
            until(node, "leads", |status| {
                let own_term = status.last_log.is_some_and(|(_, term)| term == status.term);
                let all = status.last_log.map(|(index, _)| index);
                status.is_leader() && own_term && status.applied >= all
            })
            .await;
            node.clone()
        }
        .boxed()
    });
    futures_util::future::select_all(leading).await.0
}

fn without(nodes: &[Raft], gone: &Raft) -> Vec<Raft> {
    let gone = gone.status().id;
    nodes
        .iter()
        .filter(|node| node.status().id != gone)
        .cloned()
        .collect()
}

fn set(key: &str, value: impl Into<Bytes>) -> Command {
    Command::KvSet {
        key: key.to_owned(),
        value: value.into(),
        flags: 0,
        cas: None,
    }
}

async fn put(raft: &Raft, key: &str) {
    let written = within(raft.write(set(key, Bytes::copy_from_slice(key.as_bytes())))).await;
    assert_eq!(written, Ok(Applied::Done));
}

/// Writes through whoever leads, as a client would: asks again until one takes it.
async fn put_through_any(nodes: &[Raft], key: &str) {
    let attempts = async {
        loop {
            let raft = leader(nodes).await;
            match raft
                .write(set(key, Bytes::copy_from_slice(key.as_bytes())))
                .await
            {
                Ok(_) => return,
                Err(WriteError::NotLeader { .. } | WriteError::Uncertain { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            tokio::task::yield_now().await;
        }
    };
    within(attempts).await;
}

async fn within<T: Debug>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap()
}

fn get(raft: &Raft, key: &str) -> Option<KvEntry> {
    let query = Query::KvGet {
        key: key.to_owned(),
    };
    match raft.state().query(&query) {
        (_, Answer::Entry(entry)) => entry,
        (_, other) => panic!("{other:?}"),
    }
}

/// Waits until a node shows a key.
async fn shows(raft: &Raft, key: &str) {
    let mut applied = raft.applied();
    let shown = async {
        while get(raft, key).is_none() {
            applied.changed().await.unwrap();
        }
    };
    within(shown).await;
}
