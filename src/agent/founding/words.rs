//! Where the founding stands, in words, as far as the founding rules have none.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use super::unheard::Leader;
use crate::autopilot::QuorumLost;
use crate::bootstrap::Waiting;
use crate::types::{ClusterId, Member, MemberStatus, Reason};
use crate::why::Said;

/// Nothing was looked at yet.
pub(super) fn starting() -> Said {
    Said::plain(Reason::Starting)
}

/// The rules say wait.
pub(super) fn waiting(waiting: &Waiting) -> Said {
    Said {
        reason: waiting.reason(),
        line: waiting.to_string(),
        missing: waiting.missing(),
    }
}

/// This server is in a cluster.
pub(super) fn formed(cluster: ClusterId) -> Said {
    Said {
        reason: Reason::Formed,
        line: format!("in cluster {cluster}"),
        missing: Vec::new(),
    }
}

/// A cluster exists, and this server is not in it yet. Those of its servers that do not answer
/// are named: they may be why. If nobody of it is here, all that is left may be the memory of it.
pub(super) fn joining(cluster: ClusterId, members: &[Member]) -> Said {
    let with = |status: MemberStatus| {
        let servers = members
            .iter()
            .filter(|member| member.says.server().is_some());
        servers
            .filter(move |member| member.says.cluster == Some(cluster) && member.status == status)
    };
    let failed = with(MemberStatus::Failed);
    let missing: Vec<String> = failed.map(|member| member.says.name.to_string()).collect();
    let is_memory = missing.is_empty() && with(MemberStatus::Alive).next().is_none();
    let mut line = format!("cluster {cluster} exists; waiting to be added to it");
    if is_memory {
        line.push_str("; none of its servers is in sight, it is remembered on this disk");
    }
    if !missing.is_empty() {
        line.push_str("; these of its servers do not answer: ");
        line.push_str(&missing.join(", "));
    }
    Said {
        reason: Reason::Joining,
        line,
        missing,
    }
}

/// There is no leader although enough voters are there.
pub(super) fn leaderless(cluster: ClusterId, since: Duration) -> Said {
    Said {
        reason: Reason::NoLeader,
        line: format!(
            "in cluster {cluster}, which has had no leader for {} s; its voters are there, so \
             look whether they reach each other's server ports",
            since.as_secs()
        ),
        missing: Vec::new(),
    }
}

/// Other servers hear a leader, and it does not get through to this server's port.
pub(super) fn port_unreached(own: SocketAddr, leaders: &BTreeSet<Leader>, since: Duration) -> Said {
    let told: Vec<String> = leaders
        .iter()
        .map(|leader| format!("{} at {}", leader.name, leader.addr))
        .collect();
    let names = leaders.iter().map(|leader| leader.name.clone());
    Said {
        reason: Reason::PortUnreached,
        line: format!(
            "other servers say that {} leads, and nothing of it has come to this server's port, \
             {own}, for {} s; open that port for it, or correct `advertise_addr`",
            told.join(" or "),
            since.as_secs()
        ),
        missing: names.collect(),
    }
}

/// The leader is heard, and what is passed on to its port does not get there.
pub(super) fn leader_unreached(leader: &Leader, since: Duration) -> Said {
    let Leader { name, addr } = leader;
    Said {
        reason: Reason::PortUnreached,
        line: format!(
            "{name} leads and is heard, and its server port, {addr}, has given no answer for {} s, \
             so requests through this server fail; open that port for this server, or correct \
             `advertise_addr` of {name}",
            since.as_secs()
        ),
        missing: vec![name.clone()],
    }
}

/// Too many voters are missing for a leader.
pub(super) fn quorum_lost(lost: &QuorumLost) -> Said {
    Said {
        reason: Reason::QuorumLost,
        line: lost.to_string(),
        missing: lost
            .missing
            .iter()
            .map(|voter| voter.name.clone())
            .collect(),
    }
}
