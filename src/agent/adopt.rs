//! How a client finds out which cluster it is in: the servers it gossips with say so.

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use tokio::sync::watch;

use super::evidence::Evidence;
use super::lookup::chain;
use super::membership::{Membership, candidate};
use super::obstacle;
use crate::gossip::Gossip;

/// Pause after the disk did not take the record, and between looks while two clusters are near.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Enters the cluster of the known servers as soon as they agree on one, and no source led to
/// another.
pub(super) async fn run(
    gossip: Gossip,
    membership: Arc<Membership>,
    evidence: watch::Receiver<Evidence>,
) {
    let mut members = gossip.watch();
    obstacle::sources_heard(evidence).await;
    while membership.cluster().is_none() {
        let found = candidate(&members.borrow_and_update());
        if found.is_some() && obstacle::ambiguity(&gossip).is_some() {
            tokio::time::sleep(RETRY_EVERY).await;
            continue;
        }
        if let Some(cluster) = found
            && let Err(error) = membership.enter(cluster).await
        {
            warn!(target: "agent", error = %chain(&error), "cluster not remembered, will retry");
            tokio::time::sleep(RETRY_EVERY).await;
            continue;
        }
        if members.changed().await.is_err() {
            return;
        }
    }
}
