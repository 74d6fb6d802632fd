//! One log line for each member that comes or goes, in Consul's words.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use tracing::info;

use crate::types::{Member, MemberStatus, NodeId};

/// Logs the changes of the member list until gossip ends.
pub(super) async fn run(mut members: watch::Receiver<Arc<[Member]>>) {
    let mut known: BTreeMap<NodeId, Member> = BTreeMap::new();
    loop {
        let now = Arc::clone(&members.borrow_and_update());
        for member in now.iter() {
            let before = known.insert(member.says.node_id, member.clone());
            log_change(before.as_ref(), member);
        }
        known.retain(|id, _| now.iter().any(|member| member.says.node_id == *id));
        if members.changed().await.is_err() {
            return;
        }
    }
}

fn log_change(before: Option<&Member>, now: &Member) {
    let says = &now.says;
    let is_new_life = before.is_none_or(|old| old.says.generation < says.generation);
    if before.map(|old| old.status) == Some(now.status) && !is_new_life {
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
