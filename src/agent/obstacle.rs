//! What keeps this agent out of every cluster, read from the conflicts that gossip reports.
//!
//! Decides nothing about others: who is refused is gossip's rule.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::evidence::Evidence;
use super::twin;
use crate::gossip::{Conflict, ConflictKind, Gossip, Party, SeenConflict};
use crate::tls::Tls;
use crate::types::{ClusterId, Member, Reason};
use crate::why::Said;

/// How long a refusal is the reason after it came up last. Chosen: three times the default
/// interval at which a source that fails is tried again.
pub(super) const FRESH: Duration = Duration::from_secs(90);

/// How long one who was refused here once counts as there. Chosen: a reason ends within 10 s of its
/// cause (design, section 6).
const STRANGER_FRESH: Duration = Duration::from_secs(10);

/// How long at most one who was refused again and again counts as there. Chosen: he comes back
/// within the longest interval, 30 s by default.
const STRANGER_FRESH_MAX: Duration = Duration::from_secs(40);

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
/// here: each once, the last first, with what to do about it.
pub(super) fn strangers(gossip: &Gossip) -> Vec<Said> {
    let conflicts = gossip.conflicts();
    let seen = Arc::clone(&conflicts.borrow());
    let mut told = BTreeSet::new();
    let fresh = seen
        .iter()
        .filter(|seen| is_of_a_stranger(&seen.conflict) && goes_on(seen, Instant::now()))
        .filter(|seen| told.insert(seen.conflict.theirs.addr));
    fresh.map(|seen| said_of(&seen.conflict)).collect()
}

const fn is_of_a_stranger(conflict: &Conflict) -> bool {
    use ConflictKind::{Datacenter, NodeId, NodeName};
    matches!(conflict.kind, NodeId | NodeName | Datacenter)
}

/// Whether the other may still be there: who was refused comes again, at longer and longer
/// intervals. One that came once and not again is gone.
fn goes_on(seen: &SeenConflict, now: Instant) -> bool {
    let gaps = u32::try_from(seen.count.saturating_sub(1)).unwrap_or(u32::MAX);
    let time = seen.last_seen.saturating_duration_since(seen.first_seen);
    let gap = time.checked_div(gaps).unwrap_or_default();
    let patience = STRANGER_FRESH.saturating_add(gap.saturating_mul(2));
    now.saturating_duration_since(seen.last_seen) < patience.min(STRANGER_FRESH_MAX)
}

/// The conflict, and what an operator does about it who reads this at whichever agent.
fn said_of(conflict: &Conflict) -> Said {
    let what = match conflict.kind {
        ConflictKind::NodeId => "node id",
        ConflictKind::NodeName => "name",
        _ => "datacenter",
    };
    // Who is turned away by others is not to tell them to stop the one that they hold to.
    let who = match conflict.refused_by {
        None => format!("the agent at {}", conflict.theirs.addr),
        Some(_) => "one of the two".to_owned(),
    };
    Said {
        reason: conflict.kind.reason(),
        line: format!("{conflict}; stop {who} or give it another {what}"),
        missing: vec![other_end(&conflict.theirs)],
    }
}

/// Why nobody of a cluster that exists is in the list, if one was refused of late.
pub(super) fn absence(gossip: &Gossip, cluster: ClusterId) -> Option<Said> {
    let members = gossip.members();
    let is_of_it = |member: &Member| member.says.cluster == Some(cluster);
    let refused = latest(gossip, FRESH, |seen| is_of_a_stranger(&seen.conflict));
    refused.filter(|_| !members.iter().any(is_of_it))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gossip::RefusedBy;

    fn conflict(refused_by: Option<RefusedBy>) -> Conflict {
        let party = |last: u8, name: &str| Party {
            addr: ([192, 0, 2, last], 8301).into(),
            node_id: Some(crate::types::NodeId::new(7)),
            name: name.parse().ok(),
            datacenter: None,
            cluster: None,
            generation: None,
        };
        Conflict {
            kind: ConflictKind::NodeId,
            ours: party(2, "s2"),
            theirs: party(9, "s9"),
            own: false,
            refused_by,
        }
    }

    #[test]
    fn the_word_about_one_that_was_refused_says_what_to_do_with_that_one() {
        let told = said_of(&conflict(None));
        let end = "; stop the agent at 192.0.2.9:8301 or give it another node id";
        assert!(told.line.ends_with(end), "{}", told.line);
        assert_eq!(told.missing, ["s9 (192.0.2.9:8301)"]);
        let told = said_of(&conflict(Some(RefusedBy::Third)));
        assert!(
            told.line
                .ends_with("; stop one of the two or give it another node id")
        );
    }

    #[test]
    fn one_that_does_not_come_again_counts_as_gone_by_how_often_it_came() {
        let start = Instant::now();
        // How often it came, over how many seconds, and until how many seconds later it counts.
        for (count, over, until) in [(1, 0, 10), (5, 8, 14), (3, 60, 40), (400, 20, 10)] {
            let last_seen = start + Duration::from_secs(over);
            let seen = SeenConflict {
                conflict: conflict(None),
                first_seen: start,
                last_seen,
                count,
            };
            let after = |seconds| goes_on(&seen, last_seen + Duration::from_secs(seconds));
            assert!(after(until - 1) && !after(until + 1), "{count} in {over} s");
        }
    }
}
