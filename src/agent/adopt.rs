//! How a client finds out which cluster it is in: the servers it gossips with say so.

use std::sync::Arc;

use tracing::warn;

use super::lookup::chain;
use super::membership::{Membership, candidate};
use crate::gossip::Gossip;

/// Enters the cluster of the known servers as soon as they agree on one.
pub(super) async fn run(gossip: Gossip, membership: Arc<Membership>) {
    let mut members = gossip.watch();
    while membership.cluster().is_none() {
        let found = candidate(&members.borrow_and_update());
        if let Some(cluster) = found
            && let Err(error) = membership.enter(cluster).await
        {
            warn!(target: "agent", error = %chain(&error), "cluster not remembered, will retry");
        }
        if members.changed().await.is_err() {
            return;
        }
    }
}
