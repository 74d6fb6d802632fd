//! Which servers come to this one's port while nothing is founded.
//!
//! Every blank server asks every other one about once a second. One that is alive by gossip and
//! never asks here does not get through: a closed port, or a wrong address. What it is asked is
//! answered all the same, so without this both sides would wait, and only one would know why.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::facts::lock;
use crate::types::{Member, MemberStatus, NodeId};

/// How long a live server may be silent here. Chosen: it asks once a second, an answer may take a
/// second, and the reason shall be right well within ten.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who called, and who is awaited.
#[derive(Debug, Default)]
pub(in crate::agent) struct Callers {
    /// When each called last; for one that never did, since when it has been awaited.
    heard: Mutex<BTreeMap<NodeId, Instant>>,
}

impl Callers {
    /// Notes a call.
    pub(super) fn note(&self, from: NodeId) {
        lock(&self.heard).insert(from, Instant::now());
    }

    /// Names of the live servers that should call, and do not get through. Begins to wait for
    /// those that it hears of for the first time.
    pub(in crate::agent) fn missing(&self, members: &[Member], own: NodeId) -> Vec<String> {
        let mut heard = lock(&self.heard);
        let awaited: Vec<&Member> = members
            .iter()
            .filter(|member| member.says.node_id != own && calls(member))
            .collect();
        heard.retain(|id, _| awaited.iter().any(|member| member.says.node_id == *id));
        let mut missing = Vec::new();
        for member in awaited {
            let at = heard
                .entry(member.says.node_id)
                .or_insert_with(Instant::now);
            if at.elapsed() >= PATIENCE {
                missing.push(member.says.name.to_string());
            }
        }
        missing
    }
}

/// A blank server that was told to found asks all others.
fn calls(member: &Member) -> bool {
    let is_told = |server: &crate::types::ServerRole| server.expect.is_some() && !server.bootstrap;
    member.status == MemberStatus::Alive
        && member.says.cluster.is_none()
        && member.says.server().is_some_and(is_told)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::http::fake::server;

    #[tokio::test(start_paused = true)]
    async fn a_live_server_that_never_calls_is_named_after_a_while() {
        let callers = Callers::default();
        let mut members = [1, 2, 3].map(|n| server(n, &format!("s{n}"), MemberStatus::Alive));
        for member in &mut members {
            Arc::make_mut(&mut member.says).cluster = None;
        }
        let own = members[0].says.node_id;
        assert!(callers.missing(&members, own).is_empty());
        tokio::time::advance(PATIENCE).await;
        callers.note(members[1].says.node_id);
        assert_eq!(callers.missing(&members, own), ["s3"]);
        members[2].status = MemberStatus::Failed;
        assert!(callers.missing(&members, own).is_empty());
    }
}
