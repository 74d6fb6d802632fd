//! Who this agent is when it speaks to another, and the rule that keeps clusters apart.
//!
//! The rule (design, section 4): another non-zero cluster is refused at the door, counted, and
//! reported by both sides with names and ids. A blank agent may talk to anyone.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::tls::Tls;
use crate::types::{ClusterId, Datacenter, NodeId, NodeName};

/// How often a conflict that goes on is a line in the log (demand study, P4).
const TELL_INTERVAL: Duration = Duration::from_mins(1);

/// How many conflicts are a line in the log within that time.
const TOLD_MAX: usize = 16;

/// What an agent says of itself in its hello, and of whom it heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The node.
    pub node_id: NodeId,
    /// Its name.
    pub name: NodeName,
    /// Its datacenter.
    pub datacenter: Datacenter,
    /// Its cluster; none while it is blank.
    pub cluster: Option<ClusterId>,
    /// Which of its lives it is; 0 if it does not say.
    pub generation: u64,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) of ", self.name, self.node_id)?;
        match self.cluster {
            Some(cluster) => write!(f, "cluster {cluster}"),
            None => f.write_str("no cluster"),
        }
    }
}

/// The agent at the other end of a connection, as it was when it said hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// What it said of itself.
    pub party: Party,
    /// Its end of the connection: the address dialled, or the one it dialled from.
    pub addr: SocketAddr,
}

/// Who asks, of one request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The agent at the other end.
    pub remote: Arc<Remote>,
    /// Its cluster as it sent this request; newer than the hello's.
    pub cluster: Option<ClusterId>,
    /// It may speak as a server: its certificate is a server's, or that is not asked for.
    pub may_be_server: bool,
}

/// Two agents of different clusters met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// This agent, with the cluster it was in.
    pub own: Party,
    /// The other agent, with the cluster it was in.
    pub other: Party,
    /// Where the other one is.
    pub addr: SocketAddr,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { own, other, addr } = self;
        write!(f, "cluster-conflict: {own} met {other} at {addr}")
    }
}

/// What was refused at the door so far, by this agent or by the other one.
#[derive(Debug, Clone, Default)]
pub struct Conflicts {
    /// Refusals since the start, of connections and of requests.
    pub count: u64,
    /// The last one.
    pub last: Option<Arc<Conflict>>,
}

/// Who this agent is. Clones share the count of conflicts.
#[derive(Debug, Clone)]
pub struct Identity {
    node_id: NodeId,
    name: NodeName,
    datacenter: Datacenter,
    generation: u64,
    cluster: watch::Receiver<Option<ClusterId>>,
    conflicts: Arc<watch::Sender<Conflicts>>,
    told: Arc<Mutex<Told>>,
    tls: Tls,
}

/// Which conflicts were a line in the log, and when.
type Told = Vec<(NodeId, Option<ClusterId>, Instant)>;

impl Identity {
    /// An identity whose cluster is read afresh for every frame.
    pub fn new(
        node_id: NodeId,
        name: NodeName,
        datacenter: Datacenter,
        cluster: watch::Receiver<Option<ClusterId>>,
    ) -> Self {
        Self {
            node_id,
            name,
            datacenter,
            generation: 0,
            cluster,
            conflicts: Arc::new(watch::Sender::new(Conflicts::default())),
            told: Arc::default(),
            tls: Tls::default(),
        }
    }

    /// The same identity in one of its lives: milliseconds since 1970 at the start of the process.
    #[must_use]
    pub fn in_life(mut self, generation: u64) -> Self {
        self.generation = generation;
        self
    }

    /// The same identity, proven by certificates; without, connections are plain.
    #[must_use]
    pub fn proven_by(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// The certificates in force.
    pub(super) const fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The conflicts so far; changes with each one.
    pub fn conflicts(&self) -> watch::Receiver<Conflicts> {
        self.conflicts.subscribe()
    }

    /// The cluster as of now.
    pub(super) fn cluster(&self) -> Option<ClusterId> {
        *self.cluster.borrow()
    }

    /// What a hello says, with the cluster as of now.
    pub(super) fn party(&self) -> Party {
        Party {
            node_id: self.node_id,
            name: self.name.clone(),
            datacenter: self.datacenter.clone(),
            cluster: self.cluster(),
            generation: self.generation,
        }
    }

    /// The door: refuses another non-zero cluster than ours.
    ///
    /// # Errors
    ///
    /// The conflict, counted and reported.
    pub(super) fn admit(
        &self,
        remote: &Remote,
        theirs: Option<ClusterId>,
    ) -> Result<(), Arc<Conflict>> {
        let ours = self.cluster();
        match (ours, theirs) {
            (Some(own), Some(other)) if own != other => Err(self.conflict(remote, ours, theirs)),
            _ => Ok(()),
        }
    }

    /// Counts and reports a conflict: ours by the door, or the other side's word of it.
    pub(super) fn conflict(
        &self,
        remote: &Remote,
        ours: Option<ClusterId>,
        theirs: Option<ClusterId>,
    ) -> Arc<Conflict> {
        let conflict = Arc::new(Conflict {
            own: Party {
                cluster: ours,
                ..self.party()
            },
            other: Party {
                cluster: theirs,
                ..remote.party.clone()
            },
            addr: remote.addr,
        });
        let mut count = 0;
        self.conflicts.send_modify(|conflicts| {
            conflicts.count = conflicts.count.saturating_add(1);
            conflicts.last = Some(Arc::clone(&conflict));
            count = conflicts.count;
        });
        if self.may_tell(&conflict.other, Instant::now()) {
            let code = "cluster-conflict";
            tracing::warn!(code, %conflict, count, "refused an agent of another cluster");
        }
        conflict
    }

    /// Says whether a conflict with this agent is to be a line in the log: once a minute for each,
    /// and for a bounded number of them.
    fn may_tell(&self, other: &Party, now: Instant) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|(_, _, at)| now.saturating_duration_since(*at) < TELL_INTERVAL);
        let is_told = |(node_id, cluster, _): &(NodeId, Option<ClusterId>, Instant)| {
            (*node_id, *cluster) == (other.node_id, other.cluster)
        };
        if told.iter().any(is_told) || told.len() >= TOLD_MAX {
            return false;
        }
        told.push((other.node_id, other.cluster, now));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(cluster: Option<u128>) -> Identity {
        let (_sender, cluster) = watch::channel(cluster.map(ClusterId::new));
        Identity::new(
            NodeId::new(1),
            "s1".parse().unwrap(),
            "dc1".parse().unwrap(),
            cluster,
        )
    }

    fn remote() -> Remote {
        Remote {
            party: Party {
                node_id: NodeId::new(2),
                name: "s2".parse().unwrap(),
                datacenter: "dc1".parse().unwrap(),
                cluster: None,
                generation: 1,
            },
            addr: SocketAddr::from(([127, 0, 0, 1], 1)),
        }
    }

    #[test]
    fn only_two_different_clusters_conflict() {
        let rows = [
            (None, None, true),
            (None, Some(8), true),
            (Some(7), None, true),
            (Some(7), Some(7), true),
            (Some(7), Some(8), false),
        ];
        for (own, other, admitted) in rows {
            let got = identity(own).admit(&remote(), other.map(ClusterId::new));
            assert_eq!(got.is_ok(), admitted, "{own:?} {other:?}");
        }
    }

    #[test]
    fn a_conflict_that_goes_on_is_a_line_once_a_minute_and_a_flood_of_them_is_bounded() {
        let identity = identity(Some(7));
        let start = Instant::now();
        let other = |node_id| Party {
            node_id: NodeId::new(node_id),
            ..remote().party
        };
        let told: Vec<u64> = (0..150)
            .filter(|s| identity.may_tell(&other(2), start + Duration::from_secs(*s)))
            .collect();
        assert_eq!(told, [0, 60, 120]);
        let later = start + Duration::from_hours(1);
        let told = (0..1_000).filter(|n| identity.may_tell(&other(*n), later));
        assert_eq!(told.count(), TOLD_MAX);
    }

    #[test]
    fn every_conflict_is_counted_and_names_both_sides() {
        let identity = identity(Some(7));
        let seen = identity.conflicts();
        for _ in 0..2 {
            assert!(identity.admit(&remote(), Some(ClusterId::new(8))).is_err());
        }
        let seen = seen.borrow();
        assert_eq!(seen.count, 2);
        assert_eq!(
            seen.last.as_ref().unwrap().to_string(),
            "cluster-conflict: \
             s1 (00000000-0000-0000-0000-000000000001) of \
             cluster 00000000-0000-0000-0000-000000000007 met \
             s2 (00000000-0000-0000-0000-000000000002) of \
             cluster 00000000-0000-0000-0000-000000000008 at 127.0.0.1:1"
        );
    }
}
