//! Why a member or a word about it is refused, in words that both sides can show.
//!
//! A conflict is a value: the rules in `table` find it, an exchange carries it to the other side,
//! the agent reads it as the reason why it does not join. Texts are Consul's where it has one
//! (agent reference, 1.6).

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::types::{Announcement, ClusterId, Datacenter, NodeId, NodeName};

/// How many different conflicts are remembered; the one seen longest ago makes room.
const REMEMBERED_MAX: usize = 16;

/// How often a conflict that goes on is shown again; the reason must be fresh within 10 s on every
/// agent (design, section 6).
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);

/// What two members disagree about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ConflictKind {
    /// They belong to different clusters.
    Cluster,
    /// This agent is blank, and its list already holds a member of another cluster.
    AmbiguousCluster,
    /// Two live agents, or two names, go by one node id.
    NodeId,
    /// Two live members go by one name.
    NodeName,
    /// They are in different datacenters.
    Datacenter,
}

impl ConflictKind {
    /// The stable code of the reason.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cluster => "cluster-conflict",
            Self::AmbiguousCluster => "ambiguous-cluster",
            Self::NodeId => "node-id-conflict",
            Self::NodeName => "node-name-conflict",
            Self::Datacenter => "wrong-datacenter",
        }
    }
}

/// One side of a conflict, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Where its gossip listens, or where the datagram came from.
    pub addr: SocketAddr,
    /// Its node id; unknown when only a datagram was seen.
    pub node_id: Option<NodeId>,
    /// Its name; unknown when only a datagram was seen.
    pub name: Option<NodeName>,
    /// Its datacenter; unknown when only a datagram was seen.
    pub datacenter: Option<Datacenter>,
    /// Its cluster; none while it is blank, or when only a datagram's tag was seen.
    pub cluster: Option<ClusterId>,
}

impl Party {
    /// Somebody of whom nothing but the address is known.
    pub(crate) const fn unknown(addr: SocketAddr) -> Self {
        Self {
            addr,
            node_id: None,
            name: None,
            datacenter: None,
            cluster: None,
        }
    }
}

impl From<&Announcement> for Party {
    fn from(says: &Announcement) -> Self {
        Self {
            addr: says.gossip_addr,
            node_id: Some(says.node_id),
            name: Some(says.name.clone()),
            datacenter: Some(says.datacenter.clone()),
            cluster: says.cluster,
        }
    }
}

/// The name in quotes, or the address of one whose name is not known.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "'{name}'"),
            None => write!(f, "at {}", self.addr),
        }
    }
}

/// A refusal and the two that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// What they disagree about.
    pub kind: ConflictKind,
    /// The agent that found the conflict, or the member it already had in its list.
    pub ours: Party,
    /// The one that was refused.
    pub theirs: Party,
    /// `ours` is the very agent that found the conflict.
    pub own: bool,
}

impl Conflict {
    /// Says whether the other is the same disagreement between the same two.
    fn is_same(&self, other: &Self) -> bool {
        let key = |c: &Self| (c.kind, c.ours.addr, c.theirs.addr, c.theirs.node_id);
        key(self) == key(other)
    }

    fn fmt_clusters(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |cluster: Option<ClusterId>| match cluster {
            Some(id) => format!("cluster {id}"),
            None => String::from("another cluster"),
        };
        write!(
            f,
            "Member {} at {} belongs to {}, ",
            self.theirs,
            self.theirs.addr,
            name(self.theirs.cluster)
        )?;
        match self.kind {
            ConflictKind::AmbiguousCluster => write!(
                f,
                "while {} at {} belongs to {}; a blank agent between two clusters joins neither",
                self.ours,
                self.ours.addr,
                name(self.ours.cluster)
            ),
            _ => write!(
                f,
                "{} at {} to {}",
                self.ours,
                self.ours.addr,
                name(self.ours.cluster)
            ),
        }
    }

    fn fmt_node_ids(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.theirs.node_id.unwrap_or_default();
        write!(f, "Member {} has conflicting node ID '{id}' ", self.theirs)?;
        if self.own {
            write!(f, "with this agent's ID")?;
        } else {
            write!(f, "with member {}", self.ours)?;
        }
        write!(f, " ({} and {})", self.theirs.addr, self.ours.addr)
    }
}

/// The text of Consul, extended by what it leaves out: who, where, which cluster.
impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ConflictKind::Cluster | ConflictKind::AmbiguousCluster => self.fmt_clusters(f),
            ConflictKind::NodeId => self.fmt_node_ids(f),
            ConflictKind::NodeName => {
                let name = self.theirs.name.as_ref().map_or("", NodeName::as_str);
                let (mine, theirs) = (self.ours.addr, self.theirs.addr);
                write!(
                    f,
                    "Conflicting address for {name}. Mine: {mine} Theirs: {theirs} Old state: 0"
                )
            }
            ConflictKind::Datacenter => {
                let datacenter = self.theirs.datacenter.as_ref();
                let datacenter = datacenter.map_or("", Datacenter::as_str);
                write!(
                    f,
                    "Member {} part of wrong datacenter '{datacenter}'",
                    self.theirs
                )
            }
        }
    }
}

/// A conflict and how often it came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenConflict {
    /// The conflict.
    pub conflict: Conflict,
    /// When it came up last.
    pub last_seen: Instant,
    /// How often it came up.
    pub count: u64,
}

/// The last conflicts, one entry per disagreement.
#[derive(Debug, Default)]
pub(crate) struct ConflictLog {
    seen: Vec<SeenConflict>,
    has_new: bool,
    published: Option<Instant>,
}

impl ConflictLog {
    /// Remembers a conflict; says whether it is a new one.
    pub(crate) fn note(&mut self, conflict: Conflict, now: Instant) -> bool {
        if let Some(known) = self.seen.iter_mut().find(|s| s.conflict.is_same(&conflict)) {
            known.conflict = conflict;
            known.last_seen = now;
            known.count = known.count.saturating_add(1);
            return false;
        }
        if self.seen.len() >= REMEMBERED_MAX {
            self.seen.sort_by_key(|s| std::cmp::Reverse(s.last_seen));
            self.seen.truncate(REMEMBERED_MAX.saturating_sub(1));
        }
        self.seen.push(SeenConflict {
            conflict,
            last_seen: now,
            count: 1,
        });
        self.has_new = true;
        true
    }

    /// The list, if it is time to show it: at once for a new conflict, now and then for one that
    /// goes on, so that a flood of refused datagrams does not become a flood of lists.
    pub(crate) fn publish(&mut self, now: Instant) -> Option<Vec<SeenConflict>> {
        let is_soon = self
            .published
            .is_some_and(|at| now.saturating_duration_since(at) < PUBLISH_INTERVAL);
        if is_soon && !self.has_new {
            return None;
        }
        self.has_new = false;
        self.published = Some(now);
        Some(self.list())
    }

    /// The conflicts, the one seen last first.
    fn list(&self) -> Vec<SeenConflict> {
        let mut list = self.seen.clone();
        list.sort_by_key(|s| std::cmp::Reverse(s.last_seen));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(name: &str, port: u16) -> Party {
        Party {
            addr: SocketAddr::from(([10, 0, 0, 1], port)),
            node_id: Some(NodeId::new(u128::from(port))),
            name: Some(name.parse().unwrap()),
            datacenter: Some("dc2".parse().unwrap()),
            cluster: None,
        }
    }

    fn conflict(kind: ConflictKind, own: bool) -> Conflict {
        Conflict {
            kind,
            ours: party("y", 1),
            theirs: party("x", 2),
            own,
        }
    }

    #[test]
    fn the_texts_begin_with_those_of_consul() {
        let id = "00000000-0000-0000-0000-000000000002";
        let rows = [
            (
                conflict(ConflictKind::NodeId, true),
                format!("Member 'x' has conflicting node ID '{id}' with this agent's ID"),
            ),
            (
                conflict(ConflictKind::NodeId, false),
                format!("Member 'x' has conflicting node ID '{id}' with member 'y'"),
            ),
            (
                conflict(ConflictKind::Datacenter, true),
                String::from("Member 'x' part of wrong datacenter 'dc2'"),
            ),
            (
                conflict(ConflictKind::NodeName, true),
                String::from("Conflicting address for x. Mine: 10.0.0.1:1 Theirs: 10.0.0.1:2 "),
            ),
        ];
        for (conflict, text) in rows {
            assert!(conflict.to_string().starts_with(&text), "{conflict}");
        }
    }

    #[test]
    fn a_repeated_conflict_is_counted_and_not_listed_twice() {
        let mut log = ConflictLog::default();
        let now = Instant::now();
        assert!(log.note(conflict(ConflictKind::NodeId, true), now));
        assert!(!log.note(conflict(ConflictKind::NodeId, true), now));
        assert!(log.note(conflict(ConflictKind::NodeName, true), now));
        let counts: Vec<u64> = log.list().iter().map(|s| s.count).collect();
        assert_eq!(counts, [2, 1]);
    }

    #[test]
    fn a_conflict_is_shown_at_once_and_then_once_a_second() {
        let mut log = ConflictLog::default();
        let start = Instant::now();
        let mut shown = Vec::new();
        for ms in (0..2_500).step_by(100) {
            let now = start + Duration::from_millis(ms);
            log.note(conflict(ConflictKind::NodeName, true), now);
            if log.publish(now).is_some() {
                shown.push(ms);
            }
        }
        assert_eq!(shown, [0, 1_000, 2_000]);
        log.note(conflict(ConflictKind::NodeId, true), start);
        assert!(log.publish(start + Duration::from_millis(2_001)).is_some());
    }

    #[test]
    fn the_conflict_seen_longest_ago_makes_room() {
        let mut log = ConflictLog::default();
        let start = Instant::now();
        for port in 1..=40_u16 {
            let mut next = conflict(ConflictKind::NodeName, true);
            next.theirs.addr.set_port(port);
            log.note(next, start + Duration::from_secs(u64::from(port)));
        }
        let ports: Vec<u16> = log
            .list()
            .iter()
            .map(|s| s.conflict.theirs.addr.port())
            .collect();
        assert_eq!(ports, (25..=40).rev().collect::<Vec<u16>>());
    }
}
