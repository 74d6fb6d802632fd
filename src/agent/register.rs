//! Keeps this agent's own node in the catalogue.
//!
//! Registers as soon as a leader can be reached, looks again when the leader changes and every
//! minute (Consul's full sync, agent reference 3.5) or when the settings change, and writes only
//! what differs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{info, warn};

use super::route::Router;
use super::wire::{Request, Response};
use crate::config::Config;
use crate::http::{Consistency, NodeError, Read};
use crate::state::{Answer, Command, NodeRecord, Query};
use crate::types::Announcement;

/// Pause between two looks when nothing happens; the driver adds up to as much again.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Pause while this server is not in the raft configuration.
const WELCOME_EVERY: Duration = Duration::from_millis(10);
/// Pause after a failure; the router has already held the request for its own time.
const RETRY_EVERY: Duration = Duration::from_millis(250);

/// Registers this node until the agent stops; says through `done` that it is in the catalogue.
pub(super) async fn run(
    router: Arc<Router>,
    says: Announcement,
    mut settings: watch::Receiver<Arc<Config>>,
    done: watch::Sender<bool>,
) {
    let mut last_error = None;
    loop {
        let record = record(&says, &settings.borrow_and_update().node_meta);
        router.servers_known().await;
        if !router.is_welcome() {
            sleep(WELCOME_EVERY).await;
            continue;
        }
        match sync(&router, &record).await {
            Ok(was_written) => {
                if was_written {
                    info!(target: "agent", "synced node info");
                }
                done.send_replace(true);
                last_error = None;
                let jitter = rand::rng().random_range(0..=LOOK_EVERY.as_millis());
                let jitter = Duration::from_millis(u64::try_from(jitter).unwrap_or(0));
                tokio::select! {
                    () = sleep(LOOK_EVERY + jitter) => {}
                    Ok(()) = settings.changed() => {}
                }
            }
            Err(error) => {
                if last_error.as_ref() != Some(&error) {
                    warn!(target: "agent.anti_entropy", error = %error,
                        "failed to sync remote state");
                }
                last_error = Some(error);
                sleep(RETRY_EVERY).await;
            }
        }
    }
}

/// Makes the catalogue say what we say; true if it had to be written.
async fn sync(router: &Router, record: &NodeRecord) -> Result<bool, NodeError> {
    let read = Read {
        query: Query::Node {
            name: record.name.to_string(),
        },
        consistency: Consistency::Default,
        min_index: None,
        wait: Duration::ZERO,
    };
    if let Response::Found(found) = router.ask(Request::Read(read)).await?
        && let Answer::Nodes(nodes) = found.answer
        && nodes.iter().any(|node| node.record == *record)
    {
        return Ok(false);
    }
    router
        .ask(Request::Write(Command::RegisterNode(record.clone())))
        .await?;
    Ok(true)
}

/// What the operator attached to the node, and what Consul adds (agent reference, 3.5).
pub(super) fn node_meta(
    meta: &BTreeMap<String, String>,
    says: &Announcement,
) -> BTreeMap<String, String> {
    let mut all = meta.clone();
    all.insert("consul-network-segment".to_owned(), String::new());
    all.insert("consul-version".to_owned(), says.build.clone());
    all
}

/// The record of an agent in the catalogue.
fn record(says: &Announcement, meta: &BTreeMap<String, String>) -> NodeRecord {
    NodeRecord {
        id: says.node_id,
        name: says.name.clone(),
        address: says.gossip_addr.ip(),
        datacenter: says.datacenter.to_string(),
        meta: node_meta(meta, says).into_iter().collect(),
    }
}
