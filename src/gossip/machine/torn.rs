//! A blank agent that met two clusters: it joins neither (design, section 4).
//!
//! It falls silent, for in both lists it would bring the blank agents of each cluster to the other.
//! Its list, when it shows it, tells of both, so that each refuses it; whoever holds it for a
//! member finds it failed.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Machine;
use crate::gossip::conflict::{Conflict, ConflictKind, Party, RefusedBy};
use crate::gossip::wire::Line;
use crate::types::{Announcement, ClusterId, Role};

/// How long a cluster that was met counts. Chosen: sources are looked at again every five minutes
/// at rest (design, section 6), and two looks must find one cluster only.
const COUNTS_FOR: Duration = Duration::from_mins(10);

/// The most clusters that are remembered; two are enough to be torn.
const CLUSTERS_MAX: usize = 4;

/// The clusters whose members this agent spoke with, while it is blank.
#[derive(Debug, Default)]
pub(super) struct Torn {
    met: BTreeMap<ClusterId, (Line, Instant)>,
}

impl Torn {
    /// The clusters that count still; forgets the others.
    pub(super) fn clusters(&mut self, now: Instant) -> impl Iterator<Item = ClusterId> {
        self.met
            .retain(|_, (_, at)| now.saturating_duration_since(*at) < COUNTS_FOR);
        self.met.keys().copied()
    }

    /// Says whether two clusters are left, that of the own list among them: it may have come with the
    /// list of somebody who is blank as well.
    fn is_torn(&mut self, now: Instant, list: Option<ClusterId>) -> bool {
        self.clusters(now).count() > 1 || (list.is_some() && self.other(list).is_some())
    }

    /// Remembers a member that showed himself.
    fn meet(&mut self, now: Instant, line: &Line) {
        let Some(cluster) = line.says.cluster else {
            return;
        };
        if self.met.contains_key(&cluster) || self.met.len() < CLUSTERS_MAX {
            self.met.insert(cluster, (line.clone(), now));
        }
    }

    /// One member of another cluster than this.
    fn other(&self, than: Option<ClusterId>) -> Option<&Announcement> {
        let mut others = self.met.iter().filter(|(id, _)| Some(**id) != than);
        others.next().map(|(_, (line, _))| &line.says)
    }
}

impl Machine {
    /// This agent is blank and stands between two clusters.
    pub(super) fn is_torn(&mut self, now: Instant) -> bool {
        let list = self.table.lock().cluster();
        self.own.cluster.is_none() && self.torn.is_torn(now, list)
    }

    /// Takes note of the cluster of somebody who shows his list. Another datacenter's is none of this
    /// agent's.
    pub(super) fn meet(&mut self, now: Instant, line: &Line) {
        if self.own.cluster.is_none() && line.says.datacenter == self.own.datacenter {
            self.torn.meet(now, line);
        }
    }

    /// The conflict of somebody who shows his list with a cluster that was met, if there are two.
    pub(super) fn torn_conflict(&mut self, now: Instant, line: &Line) -> Option<Box<Conflict>> {
        if !self.is_torn(now) {
            return None;
        }
        let ours = Party::from(self.torn.other(line.says.cluster)?);
        Some(Box::new(Conflict {
            kind: ConflictKind::AmbiguousCluster,
            ours,
            theirs: Party::from(&line.says),
            own: false,
            refused_by: None,
        }))
    }

    /// Whoever refuses this agent as standing between two clusters was met, too; so was one whose name or
    /// node id it has, whether that one refuses it or another who knows him.
    pub(super) fn meet_refusal(&mut self, now: Instant, conflict: &Conflict) {
        let is_met = match conflict.kind {
            ConflictKind::AmbiguousCluster => conflict.refused_by == Some(RefusedBy::Other),
            ConflictKind::NodeId | ConflictKind::NodeName => true,
            ConflictKind::Cluster | ConflictKind::Datacenter => false,
        };
        if let Some(line) = as_line(&conflict.theirs).filter(|_| is_met) {
            self.meet(now, &line);
            self.counters.is_torn = self.is_torn(now);
        }
    }

    /// What a torn agent shows of others: one member of each cluster.
    pub(super) fn torn_company(&self) -> Vec<Line> {
        self.torn
            .met
            .values()
            .map(|(line, _)| line.clone())
            .collect()
    }
}

/// What a refusal tells of the one who refused: enough to show that he is there.
fn as_line(party: &Party) -> Option<Line> {
    let says = Announcement {
        node_id: party.node_id?,
        name: party.name.clone()?,
        datacenter: party.datacenter.clone()?,
        generation: party.generation?,
        version: 0,
        gossip_addr: party.addr,
        build: String::new(),
        cluster: party.cluster,
        role: Role::Client,
    };
    Some(Line::alive(says, 0))
}
