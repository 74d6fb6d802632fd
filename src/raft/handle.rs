//! The handle of a raft node: starting, founding, writing, reading, listening. How it
//! ends is in `ending.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use openraft::async_runtime::WatchReceiver;
use openraft::{LinearizerOption, ReadPolicy};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::error::Elapsed;

use super::config::Timers;
use super::error::{HandleError, RaftError, ReadError, WriteError, words};
use super::log::{Closed, Failure};
use super::machine::{Machine, Published};
use super::network::{AddressBook, COMMAND_BYTES_MAX, Connector, Inbox, Quorum, Transport};
use super::status::{Metrics, Status, StatusWatch};
use super::stores::open_stores;
use super::type_config::{Peer, Proposal, TypeConfig, packed_len};
use super::{RaftConfig, lease};
use crate::host::Storage;
use crate::state::{Applied, Command, State};
use crate::types::RaftId;

/// How long a leader waits for a quorum to confirm what it wrote. Chosen: an election takes a
/// fifth of it, so a leader that waited so long is cut off.
pub(super) const CONFIRM_DEADLINE: Duration = Duration::from_secs(10);

/// How fresh a read must be (agent reference, 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As of the leader's lease: no message is sent while the lease runs. Fresh as long as
    /// clocks run at about the same speed.
    Lease,
    /// A quorum confirms the leader after the read began.
    Quorum,
}

/// A raft node. Clones are the same node.
#[derive(Clone)]
pub struct Raft {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) raft: openraft::Raft<TypeConfig, Machine>,
    pub(super) metrics: Metrics,
    pub(super) id: RaftId,
    pub(super) timers: Timers,
    inbox: Arc<Inbox>,
    published: Arc<Published>,
    book: Arc<AddressBook>,
    /// The term whose leadership this node gave away, plus one; 0 for none. See [`lease`].
    barred: AtomicU64,
    pub(super) stopping: AtomicBool,
    /// Tells that the log takes no more writes.
    pub(super) log_failure: Option<Failure>,
    /// Tells that the log has a vote of this life.
    voted: watch::Receiver<bool>,
    /// Ends with the state machine.
    pub(super) machine_ended: Mutex<mpsc::Receiver<()>>,
    /// Ends with the log.
    pub(super) closed: Mutex<Closed>,
}

impl fmt::Debug for Raft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raft")
            .field("id", &self.inner.id)
            .finish_non_exhaustive()
    }
}

impl Raft {
    /// Starts a raft node: opens `raft/log` and `raft/snapshots` in the storage, and restores the
    /// state. It neither founds nor joins anything.
    ///
    /// # Errors
    /// `Config`, `Log`, `Snapshot`, `Restore`. Nothing runs after an error.
    pub async fn start(
        config: RaftConfig,
        own: RaftId,
        storage: Storage,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, RaftError> {
        let settings = Arc::new(config.to_openraft()?);
        let timers = config.timers();
        let place = storage.clone();
        let opened = storage.work(move || open_stores(&place, own)).await;
        let (log, closed, snapshots) = opened?;
        let log_failure = log.failure().map_err(|error| RaftError::restore(&error))?;
        let voted = log.voted();
        let (machine, published, machine_ended) = Machine::new(Arc::new(snapshots));
        let book = Arc::new(AddressBook::default());
        let quorum = Arc::new(Quorum::new(timers.silence()));
        let connector = Connector {
            own,
            timers,
            transport,
            book: Arc::clone(&book),
            quorum: Arc::clone(&quorum),
            storage: storage.clone(),
        };
        let raft = Box::pin(openraft::Raft::new(own, settings, connector, log, machine))
            .await
            .map_err(|fatal| RaftError::restore(&words(&fatal)))?;
        quorum.follow(raft.metrics());
        let inner = Inner {
            inbox: Arc::new(Inbox::new(own, raft.clone(), storage)),
            metrics: raft.metrics(),
            raft,
            id: own,
            timers,
            published,
            book,
            barred: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            log_failure,
            voted,
            machine_ended: Mutex::new(machine_ended),
            closed: Mutex::new(closed),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Whether nothing was ever said: no log entry, no vote given. Such a node is blank in the
    /// sense of founding (design, section 5).
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn is_pristine(&self) -> Result<bool, RaftError> {
        let initialized = self.inner.raft.is_initialized().await;
        initialized
            .map(|was| !was)
            .map_err(|fatal| RaftError::stopped(&fatal))
    }

    /// Waits until something that ends [`Self::is_pristine`] is written in this life, and on disk;
    /// for ever, if this node ends before.
    pub async fn has_spoken(&self) {
        let mut voted = self.inner.voted.clone();
        if voted.wait_for(|voted| *voted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Founds a cluster of these voters and stands for election at once. Only a founding
    /// decision may call it, on one server only (invariant I2, hazards R3 and R11). Returns once
    /// the first entry is on this node's disk.
    ///
    /// # Errors
    /// `Initialize` if this node is not pristine or not in the set; `Stopped`.
    pub async fn initialize(&self, voters: BTreeMap<RaftId, Peer>) -> Result<(), RaftError> {
        let founding = self.inner.raft.initialize(voters).await;
        founding.map_err(|error| match error {
            openraft::error::RaftError::APIError(refused) => RaftError::Initialize {
                reason: refused.to_string(),
            },
            openraft::error::RaftError::Fatal(fatal) => RaftError::stopped(&fatal),
        })
    }

    /// Writes a command to the log, waits until it is committed and applied here, and gives what
    /// it came to. Only the leader can.
    ///
    /// # Errors
    /// See [`WriteError`].
    ///
    /// # Cancel safety
    /// Dropped, the command may be written all the same.
    pub async fn write(&self, command: Command) -> Result<Applied, WriteError> {
        let bytes = packed_len(&command);
        if bytes > COMMAND_BYTES_MAX {
            let max = COMMAND_BYTES_MAX;
            return Err(WriteError::TooLarge { bytes, max });
        }
        let writing = Box::pin(self.inner.raft.client_write(Proposal(command)));
        match tokio::time::timeout(CONFIRM_DEADLINE, writing).await {
            Ok(written) => Ok(written?.data),
            Err(Elapsed { .. }) => Err(WriteError::Uncertain { leader: None }),
        }
    }

    /// Returns once [`Self::state`] is as fresh as asked: it holds every write that was
    /// acknowledged before the call. Only the leader can.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn read_barrier(&self, freshness: Freshness) -> Result<(), ReadError> {
        let lease = Duration::from_millis(self.inner.timers.lease);
        let option = match freshness {
            Freshness::Lease => {
                if self.is_lease_held(lease) {
                    return Ok(());
                }
                // The lease does not run, as at the start of a term: heartbeats renew it.
                LinearizerOption::new(None, true).with_wait_timeout(lease)
            }
            Freshness::Quorum => ReadPolicy::ReadIndex.into(),
        };
        let raft = &self.inner.raft;
        let linearizer = raft.get_read_linearizer(option).await?;
        let ready = linearizer.try_await_ready(raft, Some(lease)).await;
        match ready {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(ReadError::NoQuorum),
            Err(fatal) => Err(ReadError::Stopped {
                reason: words(&fatal),
            }),
        }
    }

    fn is_lease_held(&self, lease: Duration) -> bool {
        let barred = self.inner.barred.load(Ordering::Acquire).checked_sub(1);
        let metrics = self.inner.metrics.borrow_watched();
        lease::holds(&metrics, barred, lease)
    }

    /// Ends reads under the lease for the present term: leadership is about to be given away.
    pub(super) fn bar_lease(&self, term: u64) {
        self.inner
            .barred
            .fetch_max(term.saturating_add(1), Ordering::AcqRel);
    }

    /// The state as it stands here; O(1).
    pub fn state(&self) -> State {
        self.inner.published.state()
    }

    /// Follows the index up to which entries are in [`Self::state`]; 0 while there are none.
    pub fn applied(&self) -> watch::Receiver<u64> {
        self.inner.published.applied()
    }

    /// What this node does and knows.
    pub fn status(&self) -> Status {
        self.watch_status().status()
    }

    /// Follows [`Self::status`].
    pub fn watch_status(&self) -> StatusWatch {
        let (inbox, silence) = (&self.inner.inbox, self.inner.timers.silence());
        StatusWatch::new(&self.inner.raft, Arc::clone(inbox), silence)
    }

    /// Time between two heartbeats of a leader.
    pub fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.inner.timers.heartbeat)
    }

    /// Takes a message that a peer's [`Transport`] sent, and gives the answer to send back.
    ///
    /// The caller has checked the cluster id. A message that makes this node speak for a cluster
    /// (any but a pre-vote) ends [`Self::is_pristine`].
    ///
    /// # Errors
    /// See [`HandleError`]; tell the sender.
    ///
    /// # Cancel safety
    /// Dropped, the message may be acted on all the same.
    pub async fn handle(&self, payload: Bytes) -> Result<Bytes, HandleError> {
        Box::pin(self.inner.inbox.take(payload)).await
    }

    /// Says whether a message can be read and is meant for this raft node, without acting on it.
    ///
    /// # Errors
    /// `Malformed`, `NotForUs`.
    pub fn inspect(&self, payload: &[u8]) -> Result<(), HandleError> {
        self.inner.inbox.inspect(payload)
    }

    /// Tells where a peer of the configuration lives now; a node that is not in it is ignored.
    /// Call it on every server, leader or not, whenever a peer says so itself: it is the only
    /// way to a quorum when most addresses have changed. The configuration follows by
    /// [`Self::update_peer`] once there is a leader.
    pub fn learn_address(&self, id: RaftId, addr: SocketAddr) {
        let metrics = self.inner.metrics.borrow_watched();
        if let Some(peer) = metrics.membership_config.get_node(&id) {
            self.inner.book.moved(id, peer.rpc_addr, addr);
        }
    }

    /// Makes a snapshot now and waits until it covers all that is applied at the call.
    ///
    /// # Errors
    /// `Stopped`, also if the snapshot cannot be written: raft does not go on without a disk.
    pub async fn snapshot_now(&self) -> Result<(), RaftError> {
        let Status {
            applied,
            mut snapshot,
            ..
        } = self.status();
        let mut watch = self.watch_status();
        while snapshot.map(|(index, _)| index) < applied {
            let triggered = self.inner.raft.trigger().snapshot().await;
            triggered.map_err(|fatal| RaftError::stopped(&fatal))?;
            // One that was under way before the call may come first, and ours was then ignored.
            let made = watch.wait_for(|status| status.snapshot != snapshot).await?;
            snapshot = made.snapshot;
        }
        Ok(())
    }
}
