//! One log line for each member that comes or goes, in Consul's words.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use tracing::info;

use crate::types::{Member, MemberStatus, NodeId};

/// What the log last said of a member: its life and its status.
type Logged = (u64, MemberStatus);

/// Logs the changes of the member list until gossip ends.
pub(super) async fn run(mut members: watch::Receiver<Arc<[Member]>>) {
    let mut known: BTreeMap<NodeId, Logged> = BTreeMap::new();
    loop {
        let now = Arc::clone(&members.borrow_and_update());
        // Rebuilt as a whole: whoever is no longer in the list is forgotten here too.
        known = now
            .iter()
            .map(|member| {
                let says = &member.says;
                log_change(known.get(&says.node_id).copied(), member);
                (says.node_id, (says.generation, member.status))
            })
            .collect();
        if members.changed().await.is_err() {
            return;
        }
    }
}

fn log_change(before: Option<Logged>, now: &Member) {
    let says = &now.says;
    let is_new_life = before.is_none_or(|(generation, _)| generation < says.generation);
    if before.map(|(_, status)| status) == Some(now.status) && !is_new_life {
        return;
    }
    let (name, ip) = (&says.name, says.gossip_addr.ip());
    match now.status {
        MemberStatus::Alive => {
            info!(target: "agent.serf.lan", "serf: EventMemberJoin: {name} {ip}");
        }
        MemberStatus::Leaving => return,
        MemberStatus::Left => {
            info!(target: "agent.serf.lan", "serf: EventMemberLeave: {name} {ip}");
        }
        MemberStatus::Failed => {
            info!(target: "agent.serf.lan", "serf: EventMemberFailed: {name} {ip}");
        }
    }
    let Some(server) = says.server() else { return };
    let verb = if now.status == MemberStatus::Alive {
        "adding"
    } else {
        "removing"
    };
    info!(
        target: "agent.server",
        "{verb} server {name} (Addr: {}) (DC: {})",
        server.rpc_addr,
        says.datacenter
    );
}
