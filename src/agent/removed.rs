//! Ends a server that an operator took out, and keeps it from starting again with its disk
//! (demand study, P17 and A9).
//!
//! Whoever is out hears of it from nobody: raft does not speak to it any more. So a server that
//! hears no leader asks the servers that gossip shows, one and all. Whether it is out is their word:
//! it is noted in the state that they hold alike, and counts once their configuration is without it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{error, info};

use super::lookup::chain;
use super::parts::Parts;
use super::wire::{Request, Response};
use super::{AgentError, End};
use crate::datadir::DataDir;
use crate::raft::Raft;
use crate::state::RemovalEntry;
use crate::telemetry::rfc3339;
use crate::types::{ClusterId, MemberStatus, RaftId, Reason};
use crate::why::Said;

/// The record's name in the data directory.
pub(super) const RECORD: &str = "removed";

/// How often a server without a leader asks. Chosen: a removed one is gone before it has disturbed
/// anybody, and one that waits for a leader costs one small question per server and second.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// How long a server may take to answer. Chosen: it answers from memory.
const ASK_DEADLINE: Duration = Duration::from_secs(1);

/// How long a server that was taken out still answers why. Chosen: a probe comes every second.
const SHOWN_FOR: Duration = Duration::from_secs(1);

/// What a server remembers of its removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Verdict {
    cluster: ClusterId,
    said: RemovalEntry,
}

impl Verdict {
    /// One line for the operator: who, when, what to do.
    fn prose(&self, dir: &DataDir) -> String {
        let RemovalEntry { removal, index } = &self.said;
        let through = removal.through.as_ref();
        let through = through.map_or_else(String::new, |name| format!(", through {name}"));
        let dir = dir.path().map(PathBuf::from).unwrap_or_default();
        format!(
            "removed: an operator took this server (raft id {}) out of cluster {} at {}{through} \
             (raft index {index}); it does not come back with this data: move the data directory \
             {} away and start it again, and it joins as a new server",
            removal.raft_id,
            self.cluster,
            rfc3339(removal.at_ms),
            dir.display()
        )
    }
}

/// Keeps a server that was taken out from starting. Blocks.
///
/// # Errors
/// `Removed`, or the record cannot be read.
pub(super) fn check(dir: &DataDir, raft_id: RaftId) -> Result<(), AgentError> {
    let verdict: Option<Verdict> = dir.load(RECORD)?;
    match verdict.filter(|verdict| verdict.said.removal.raft_id == raft_id) {
        Some(verdict) => Err(AgentError::Removed(verdict.prose(dir))),
        None => Ok(()),
    }
}

/// Runs until this server is found to be out.
pub(super) async fn run(parts: Arc<Parts>, raft: Raft) {
    let mut tick = interval(ASK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let status = raft.status();
        // A server that is led as a peer was not taken out.
        let is_led = status.leader.is_some() && status.peer(status.id).is_some();
        if let Some(cluster) = parts.membership.cluster().filter(|_| !is_led)
            && let Some(said) = ask(&parts, cluster, status.id).await
        {
            return stop(&parts, Verdict { cluster, said }).await;
        }
    }
}

/// What any server of the cluster knows of the removal of this one.
async fn ask(parts: &Parts, cluster: ClusterId, own: RaftId) -> Option<RemovalEntry> {
    let members = parts.gossip.members();
    let ours = members.iter().filter(|member| {
        member.status == MemberStatus::Alive && member.says.cluster == Some(cluster)
    });
    let servers = ours.filter_map(|member| member.says.server());
    let others = servers.filter(|server| server.raft_id != own);
    let asked = others.map(|server| async {
        let request = Request::Removal(own);
        match parts
            .router
            .ask_at(server.rpc_addr, &request, ASK_DEADLINE)
            .await
        {
            Some(Response::Removal(said)) => said,
            _ => None,
        }
    });
    let answers = futures_util::future::join_all(asked).await;
    let mut said = answers.into_iter().flatten();
    said.find(|said| said.removal.raft_id == own)
}

/// The verdict as a reason, whose line is without the code.
fn as_said(prose: &str) -> Said {
    let line = prose.strip_prefix("removed: ").unwrap_or(prose);
    Said {
        line: line.to_owned(),
        ..Said::plain(Reason::Removed)
    }
}

/// Told first, while somebody may ask; then on disk; then out of gossip, so that nobody counts this
/// server as failed.
async fn stop(parts: &Parts, verdict: Verdict) {
    let why = verdict.prose(&parts.dir);
    parts.why.remove(as_said(&why)).await;
    let stored = parts.dir.work(move |dir| dir.store(RECORD, &verdict)).await;
    if let Err(error) = stored {
        error!(target: "agent.server", error = %chain(&error),
            "removal not remembered; the next start asks again");
    }
    info!(target: "agent.server", reason = RECORD, "leaving the cluster");
    tokio::join!(parts.gossip.leave(), sleep(SHOWN_FOR));
    let _already_ending = parts.end.try_send(End::Failed(why));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Removal;

    fn verdict() -> Verdict {
        let removal = Removal {
            raft_id: RaftId::new(1),
            through: Some("n2".parse().unwrap()),
            at_ms: 1_735_787_045_678,
        };
        let said = RemovalEntry { removal, index: 57 };
        let cluster = ClusterId::new(7);
        Verdict { cluster, said }
    }

    #[test]
    fn a_removed_server_does_not_start_and_says_who_when_and_what_to_do() {
        let dir = DataDir::memory();
        assert!(check(&dir, RaftId::new(1)).is_ok());
        dir.store(RECORD, &verdict()).unwrap();
        let said = check(&dir, RaftId::new(1)).unwrap_err().to_string();
        for part in [
            "removed: ",
            "2025-01-02T03:04:05.678Z",
            "through n2",
            "index 57",
            "move",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(said.lines().count(), 1);
    }

    #[test]
    fn the_reason_is_the_same_line_without_its_code() {
        let prose = verdict().prose(&DataDir::memory());
        let said = as_said(&prose);
        assert_eq!(said.reason, Reason::Removed);
        assert_eq!(format!("{}: {}", said.reason, said.line), prose);
    }

    #[test]
    fn the_word_about_another_raft_id_keeps_nobody_out() {
        let dir = DataDir::memory();
        dir.store(RECORD, &verdict()).unwrap();
        assert!(check(&dir, RaftId::new(2)).is_ok());
    }
}
