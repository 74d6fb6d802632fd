//! Which cluster this agent belongs to: remembered on disk, named at every door.

use tokio::sync::{Mutex, watch};
use tracing::{error, info};

use super::lookup::chain;

use crate::datadir::{DataDir, DataDirError};
use crate::gossip::Gossip;
use crate::types::{ClusterId, Member, MemberStatus};

/// The record's name in the data directory.
pub(super) const RECORD: &str = "cluster";

/// The cluster of this agent. It is set once and never changes.
#[derive(Debug)]
pub(super) struct Membership {
    dir: DataDir,
    cluster: watch::Sender<Option<ClusterId>>,
    /// Serialises the writers, so that disk and memory agree.
    writing: Mutex<()>,
}

impl Membership {
    /// A membership that starts with a cluster, or blank.
    pub(super) fn new(dir: DataDir, cluster: Option<ClusterId>) -> Self {
        Self {
            dir,
            cluster: watch::Sender::new(cluster),
            writing: Mutex::new(()),
        }
    }

    /// What the data directory remembers.
    ///
    /// # Errors
    /// If the record is there and cannot be read.
    pub(super) fn remembered(dir: &DataDir) -> Result<Option<ClusterId>, DataDirError> {
        dir.load(RECORD)
    }

    /// The cluster, if there is one yet.
    pub(super) fn cluster(&self) -> Option<ClusterId> {
        *self.cluster.borrow()
    }

    /// Follows the cluster.
    pub(super) fn watch(&self) -> watch::Receiver<Option<ClusterId>> {
        self.cluster.subscribe()
    }

    /// Enters a cluster: on disk first, then at the doors.
    ///
    /// # Errors
    /// If the disk does not take it; nothing has changed then.
    pub(super) async fn enter(&self, cluster: ClusterId) -> Result<(), DataDirError> {
        let _one_writer = self.writing.lock().await;
        if self.cluster().is_some() {
            return Ok(());
        }
        self.dir
            .work(move |dir| dir.store(RECORD, &cluster))
            .await?;
        self.cluster.send_replace(Some(cluster));
        info!(target: "agent", cluster_id = %cluster, "joined cluster");
        Ok(())
    }
}

/// Keeps gossip's word about our cluster in step with what is remembered.
pub(super) async fn announce(mut cluster: watch::Receiver<Option<ClusterId>>, gossip: Gossip) {
    loop {
        let now = *cluster.borrow_and_update();
        if now.is_some()
            && let Err(error) = gossip.announce(move |says| says.cluster = now)
        {
            error!(target: "agent", error = %chain(&error), "cluster not announced");
        }
        if cluster.changed().await.is_err() {
            return;
        }
    }
}

/// The cluster that the servers among the members are in, if they agree on one.
///
/// A client takes it for its own: between two candidates it takes neither (design, section 4).
pub(super) fn candidate(members: &[Member]) -> Option<ClusterId> {
    let alive = members
        .iter()
        .filter(|member| member.status == MemberStatus::Alive);
    let servers = alive.filter(|member| member.says.server().is_some());
    let mut clusters = servers.filter_map(|member| member.says.cluster);
    let first = clusters.next()?;
    clusters.all(|other| other == first).then_some(first)
}
