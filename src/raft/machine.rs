//! The state machine: applies committed entries to [`State`] in order and shows the result to
//! readers, who never wait for it.
//!
//! What is applied is published before its writer hears of it: whoever was told that a write
//! succeeded finds it in the state that the leader shows. Reads under a lease rely on it.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::{Stream, StreamExt};
use openraft::storage::{ApplyResponder, EntryResponder, RaftSnapshotBuilder, RaftStateMachine};
use openraft::{EntryPayload, OptionalSend};
use tokio::sync::{mpsc, watch};

use super::snapshot::{SnapshotError, SnapshotStore};
use super::type_config::{Entry, LogId, Snapshot, SnapshotMeta, StoredMembership, TypeConfig};
use crate::state::{Applied, State};

/// Entries that are applied before the state is published and their writers are answered. Bounds
/// how long the first of a long run waits for the last.
const APPLY_BATCH: usize = 256;

/// What readers see.
#[derive(Debug)]
pub(super) struct Published {
    state: ArcSwap<State>,
    applied: watch::Sender<u64>,
}

impl Published {
    /// The state as of the last published entry; O(1).
    pub(super) fn state(&self) -> State {
        State::clone(&self.state.load())
    }

    /// Index of the last entry that the published state holds; 0 while there is none.
    pub(super) fn applied(&self) -> watch::Receiver<u64> {
        self.applied.subscribe()
    }

    fn publish(&self, state: State, applied: Option<LogId>) {
        self.state.store(Arc::new(state));
        let index = applied.map_or(0, |log_id| log_id.index());
        self.applied.send_replace(index);
    }
}

/// The state and how far the log went into it.
#[derive(Debug)]
pub(super) struct Machine {
    state: State,
    applied: Option<LogId>,
    membership: StoredMembership,
    published: Arc<Published>,
    snapshots: Arc<SnapshotStore>,
    /// Dropped with the machine, so that its end is seen even if the task that ran it panicked.
    _running: mpsc::Sender<()>,
}

impl Machine {
    /// Makes an empty machine; openraft then installs the last snapshot and replays the log. The
    /// receiver ends when the machine does.
    pub(super) fn new(snapshots: Arc<SnapshotStore>) -> (Self, Arc<Published>, mpsc::Receiver<()>) {
        let published = Arc::new(Published {
            state: ArcSwap::default(),
            applied: watch::Sender::new(0),
        });
        let (running, ended) = mpsc::channel(1);
        let machine = Self {
            state: State::default(),
            applied: None,
            membership: StoredMembership::default(),
            published: Arc::clone(&published),
            snapshots,
            _running: running,
        };
        (machine, published, ended)
    }

    fn apply_one(&mut self, entry: Entry) -> Applied {
        let index = entry.log_id.index();
        self.applied = Some(entry.log_id);
        match entry.payload {
            EntryPayload::Blank => Applied::Done,
            EntryPayload::Normal(proposal) => self.state.apply(index, &proposal.0),
            EntryPayload::Membership(membership) => {
                self.membership = StoredMembership::new(Some(entry.log_id), membership);
                Applied::Done
            }
        }
    }
}

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotData = State;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<Strm>(&mut self, entries: Strm) -> io::Result<()>
    where
        Strm: Stream<Item = io::Result<EntryResponder<TypeConfig>>> + Unpin + OptionalSend,
    {
        let mut batches = entries.ready_chunks(APPLY_BATCH);
        while let Some(batch) = batches.next().await {
            let mut answers: Vec<(ApplyResponder<TypeConfig>, Applied)> = Vec::new();
            for item in batch {
                let (entry, responder) = item?;
                let applied = self.apply_one(entry);
                answers.extend(responder.map(|responder| (responder, applied)));
            }
            self.published.publish(self.state.clone(), self.applied);
            for (responder, applied) in answers {
                responder.send(applied);
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        Builder {
            meta: SnapshotMeta {
                last_log_id: self.applied,
                last_membership: self.membership.clone(),
            },
            state: self.state.clone(),
            snapshots: Arc::clone(&self.snapshots),
        }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, snapshot: State) -> io::Result<()> {
        save(&self.snapshots, meta.clone(), snapshot.clone()).await?;
        self.state = snapshot;
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.published.publish(self.state.clone(), self.applied);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        Ok(self.snapshots.current())
    }
}

/// Makes a snapshot of the state as it was when the builder was made.
#[derive(Debug)]
pub(super) struct Builder {
    meta: SnapshotMeta,
    state: State,
    snapshots: Arc<SnapshotStore>,
}

impl RaftSnapshotBuilder<TypeConfig> for Builder {
    type SnapshotData = State;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        let (meta, state) = (self.meta.clone(), self.state.clone());
        save(&self.snapshots, meta.clone(), state.clone()).await?;
        Ok(Snapshot {
            meta,
            snapshot: state,
        })
    }
}

/// Saves off the runtime's threads: a large state takes a while to write.
async fn save(snapshots: &Arc<SnapshotStore>, meta: SnapshotMeta, state: State) -> io::Result<()> {
    let writer = Arc::clone(snapshots);
    let saving = snapshots.storage().work(move || writer.save(meta, state));
    saving.await.map_err(SnapshotError::into_io)
}
