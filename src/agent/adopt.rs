//! How a client finds out which cluster it is in: the servers it gossips with say so.

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::lookup::chain;
use super::membership::{Membership, candidate};
use crate::gossip::Gossip;

/// Pause after the disk did not take the record.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Enters the cluster of the known servers as soon as they agree on one.
pub(super) async fn run(gossip: Gossip, membership: Arc<Membership>) {
    let mut members = gossip.watch();
    while membership.cluster().is_none() {
        let found = candidate(&members.borrow_and_update());
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
