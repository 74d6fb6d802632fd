//! What keeps this agent out of every cluster, read from the conflicts that gossip reports.
//!
//! Decides nothing about others: who is refused is gossip's rule.

use std::time::Duration;

use tokio::sync::watch;

use super::evidence::Evidence;
use super::twin;
use crate::gossip::{ConflictKind, Gossip, Party, SeenConflict};
use crate::tls::Tls;
use crate::types::{ClusterId, Member, Reason};
use crate::why::Said;

/// How long a refusal is the reason after it came up last. Chosen: three times the default
/// interval at which a source that fails is tried again.
pub(super) const FRESH: Duration = Duration::from_secs(90);

/// How long a disagreement about TLS is the reason after it came up last. Chosen: whoever needs a
/// server calls it every few seconds.
const TLS_FRESH: Duration = Duration::from_secs(20);

/// How long a blank agent waits for the first word of all its sources before it lets a cluster
/// adopt it: another one may be among them. Chosen: a lost SYN is repeated after 1 s and 3 s; who
/// is silent for longer must not keep a new server out.
const SOURCES_DEADLINE: Duration = Duration::from_secs(5);

/// Why nobody takes this agent in, if that is so: the last refusal of its id or its name.
pub(super) fn refusal(gossip: &Gossip) -> Option<Said> {
    let own = gossip.own().node_id;
    if !twin::is_alone(&gossip.members(), own) {
        return None;
    }
    latest(gossip, FRESH, |seen| seen.conflict.refused_by.is_some())
}

/// Who else was refused of late because of an id, a name or a datacenter, and so may be missing
/// here.
pub(super) fn stranger(gossip: &Gossip) -> Option<Said> {
    use ConflictKind::{Datacenter, NodeId, NodeName};
    latest(gossip, FRESH, |seen| {
        matches!(seen.conflict.kind, NodeId | NodeName | Datacenter)
    })
}

/// Why nobody of a cluster that exists is in the list, if one was refused of late.
pub(super) fn absence(gossip: &Gossip, cluster: ClusterId) -> Option<Said> {
    let members = gossip.members();
    let is_of_it = |member: &Member| member.says.cluster == Some(cluster);
    stranger(gossip).filter(|_| !members.iter().any(is_of_it))
}

/// Why a blank agent lets no cluster adopt it, if that is so: it met two (design, section 4).
pub(super) fn ambiguity(gossip: &Gossip) -> Option<Said> {
    if !gossip.counters().is_torn {
        return None;
    }
    latest(gossip, Duration::MAX, |seen| {
        seen.conflict.kind == ConflictKind::AmbiguousCluster
    })
}

/// Returns once every source was asked and tried, or a moment has passed.
pub(super) async fn sources_heard(mut evidence: watch::Receiver<Evidence>) {
    let heard = evidence.wait_for(|evidence| evidence.is_first_round_over);
    let _heard_or_late = tokio::time::timeout(SOURCES_DEADLINE, heard).await;
}

/// Lets others take this agent in once its own sources have been heard.
pub(super) async fn open(gossip: Gossip, evidence: watch::Receiver<Evidence>) {
    sources_heard(evidence).await;
    gossip.open();
}

/// With whom this agent does not agree about TLS, if that came up of late: one that it called, or
/// one that called it.
pub(super) fn tls(tls: &Tls, members: &[Member], is_caller: bool) -> Option<Said> {
    let troubles = tls.troubles(TLS_FRESH);
    let last = troubles.iter().find(|one| one.is_caller == is_caller)?;
    let is_it = |member: &&Member| {
        let server = member.says.server();
        server.is_some_and(|server| server.rpc_addr == last.addr)
    };
    let who = match members.iter().find(is_it) {
        Some(member) => format!("{} ({})", member.says.name, last.addr),
        // A caller's port says nothing.
        None if is_caller => last.addr.ip().to_string(),
        None => last.addr.to_string(),
    };
    Some(Said {
        reason: Reason::TlsMismatch,
        line: format!("{who}: {}", last.fault),
        missing: vec![who],
    })
}

fn latest(
    gossip: &Gossip,
    within: Duration,
    is_it: impl Fn(&SeenConflict) -> bool,
) -> Option<Said> {
    let conflicts = gossip.conflicts();
    let seen = conflicts.borrow();
    let last = seen.iter().find(|seen| is_it(seen))?;
    let said = || Said {
        reason: last.conflict.kind.reason(),
        line: last.conflict.to_string(),
        missing: vec![other_end(&last.conflict.theirs)],
    };
    (last.last_seen.elapsed() < within).then(said)
}

/// Name and address of the other end, as far as they are known.
fn other_end(party: &Party) -> String {
    match &party.name {
        Some(name) => format!("{name} ({})", party.addr),
        None => party.addr.to_string(),
    }
}
