//! Why a member or a word about it is refused, in words that both sides can show.
//!
//! A conflict is a value: the rules in `table` find it, an exchange carries it to the other side,
//! the agent reads it as the reason why it does not join. Texts are Consul's where it has one
//! (agent reference, 1.6).

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::types::{Announcement, ClusterId, Datacenter, NodeId, NodeName, Reason};

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
    /// The reason that it is for whoever is refused.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Cluster => Reason::ClusterConflict,
            Self::AmbiguousCluster => Reason::AmbiguousCluster,
            Self::NodeId => Reason::NodeIdConflict,
            Self::NodeName => Reason::NameConflict,
            Self::Datacenter => Reason::WrongDatacenter,
        }
    }

    /// The stable code of the reason.
    pub const fn code(self) -> &'static str {
        self.reason().code()
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
    /// Which of its lives it is; unknown when only a datagram was seen.
    pub generation: Option<u64>,
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
            generation: None,
        }
    }

    /// The name, if it is known, and the address.
    fn placed(&self) -> String {
        match &self.name {
            Some(name) => format!("'{name}' at {}", self.addr),
            None => format!("at {}", self.addr),
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
            generation: Some(says.generation),
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

/// Who said no to this agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBy {
    /// The very member that the conflict is with: it lives, for it answered.
    Other,
    /// A third one, to whom the member that the conflict is with is known.
    Third,
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
    /// Who refused this agent; none if this agent was the one to refuse. Not sent: each side
    /// knows its own.
    #[serde(skip)]
    pub refused_by: Option<RefusedBy>,
}

impl Conflict {
    /// The conflict as the one that was refused sees it: the refusal names it as `theirs`.
    pub(crate) fn seen_from_the_refused(self) -> Self {
        Self {
            kind: self.kind,
            ours: self.theirs,
            theirs: self.ours,
            own: true,
            refused_by: Some(if self.own {
                RefusedBy::Other
            } else {
                RefusedBy::Third
            }),
        }
    }

    /// Says whether the other is the same disagreement between the same two. One of which only the
    /// address is known is whoever is known at that address.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let key = |c: &Self| (c.kind, c.ours.addr, c.theirs.addr);
        let (mine, theirs) = (self.theirs.node_id, other.theirs.node_id);
        key(self) == key(other) && (mine == theirs || mine.is_none() || theirs.is_none())
    }

    /// Says whether it names the other, and not only an address.
    pub(crate) const fn is_named(&self) -> bool {
        self.theirs.node_id.is_some()
    }

    fn fmt_clusters(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only an address may be known of the other; of oneself it is known to be blank.
        let name = |cluster: Option<ClusterId>, party: &Party| match cluster {
            Some(id) => format!("cluster {id}"),
            None if party.node_id.is_some() => String::from("no cluster yet"),
            None => String::from("another cluster"),
        };
        write!(
            f,
            "Member {} belongs to {}, ",
            self.theirs.placed(),
            name(self.theirs.cluster, &self.theirs)
        )?;
        match self.kind {
            ConflictKind::AmbiguousCluster => write!(
                f,
                "while {} is with members of {}; a blank agent between two clusters joins neither",
                self.ours.placed(),
                name(self.ours.cluster, &self.ours)
            ),
            _ => write!(
                f,
                "{} to {}",
                self.ours.placed(),
                name(self.ours.cluster, &self.ours)
            ),
        }
    }

    /// Consul's line, and the node ids, by which the two of one name are told apart.
    fn fmt_names(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.theirs.name.as_ref().map_or("", NodeName::as_str);
        let (mine, theirs) = (self.ours.addr, self.theirs.addr);
        let id = |party: &Party| party.node_id.unwrap_or_default();
        write!(
            f,
            "Conflicting address for {name}. Mine: {mine} Theirs: {theirs} Old state: 0 (node ids {} \
             and {})",
            id(&self.ours),
            id(&self.theirs)
        )
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
            ConflictKind::NodeName => self.fmt_names(f),
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn party(name: &str, port: u16) -> Party {
        Party {
            addr: SocketAddr::from(([10, 0, 0, 1], port)),
            node_id: Some(NodeId::new(u128::from(port))),
            name: Some(name.parse().unwrap()),
            datacenter: Some("dc2".parse().unwrap()),
            cluster: None,
            generation: Some(100),
        }
    }

    pub(crate) fn conflict(kind: ConflictKind, own: bool) -> Conflict {
        Conflict {
            kind,
            ours: party("y", 1),
            theirs: party("x", 2),
            own,
            refused_by: None,
        }
    }

    #[test]
    fn what_was_refused_sees_itself_first_and_knows_who_said_no() {
        for (own, by) in [(true, RefusedBy::Other), (false, RefusedBy::Third)] {
            let seen = conflict(ConflictKind::NodeId, own).seen_from_the_refused();
            assert_eq!((seen.ours, seen.theirs), (party("x", 2), party("y", 1)));
            assert_eq!(seen.refused_by, Some(by));
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
}
