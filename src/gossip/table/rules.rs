//! Who may enter the table (agent reference, 1.6; design, section 4).
//!
//! One rule is not Consul's: a conflict between two members never refuses a third. Consul refuses
//! the whole merge when any two of it conflict, so one duplicate keeps everybody out (demand
//! study, P10).

use std::collections::BTreeSet;

use super::{Entry, Table, name_key};
use crate::gossip::conflict::{Conflict, ConflictKind, Party};
use crate::gossip::wire::Line;
use crate::types::{Announcement, ClusterId, MemberStatus, NodeId};

type Verdict = Result<(), Box<Conflict>>;

impl Table {
    /// Says whether a member in this state may enter, or change its word, under the rules.
    pub(super) fn admit(&self, says: &Announcement, state: foca::State) -> Verdict {
        self.admit_datacenter(says)?;
        self.admit_cluster(says)?;
        self.admit_node_id(says)?;
        if state == foca::State::Down {
            return Ok(());
        }
        self.admit_name(says)
    }

    /// Checks the partner of an exchange before anything that he brings is looked at. He speaks
    /// for himself, so an older life than the known one is a second process with his node id, and
    /// not old news.
    ///
    /// # Errors
    /// The conflict that refuses the exchange.
    pub(crate) fn admit_partner(&self, says: &Announcement) -> Verdict {
        let Some(known) = self.get(says.node_id) else {
            return self.admit(says, foca::State::Alive);
        };
        let is_old_life = says.generation < known.says.generation;
        let is_elsewhere =
            says.generation == known.says.generation && says.gossip_addr != known.says.gossip_addr;
        if says.node_id == self.own() || is_old_life || is_elsewhere {
            return Err(self.conflict(ConflictKind::NodeId, &known.says, says));
        }
        self.admit(says, foca::State::Alive)
    }

    /// Checks the list of a blank partner: one that holds members of another cluster stands between
    /// the two, and would bring the blank agents of each to the other. One whose list tells of two
    /// clusters says itself that it stands between them; what it tells of their members is only
    /// enough to show that they are there, so nobody takes it in.
    ///
    /// # Errors
    /// The conflict that refuses the exchange.
    pub(crate) fn admit_company(&self, partner: &Announcement, others: &[Line]) -> Verdict {
        let Some(own) = self.get(self.own()).filter(|_| partner.cluster.is_none()) else {
            return Ok(());
        };
        let living = others
            .iter()
            .filter(|line| line.state != foca::State::Down)
            .filter_map(|line| Some((line.says.cluster?, line)));
        let clusters: BTreeSet<ClusterId> = living.clone().map(|(cluster, _)| cluster).collect();
        let is_between = clusters.len() > 1;
        let is_foreign = |(theirs, line): &(ClusterId, &Line)| {
            let is_stale = self
                .get(line.says.node_id)
                .is_some_and(|known| !line.says.is_newer(&known.says));
            let is_other = self.cluster().map_or(is_between, |ours| *theirs != ours);
            is_other && (is_between || !is_stale)
        };
        let Some((cluster, _)) = living.clone().find(is_foreign) else {
            return Ok(());
        };
        let between = Announcement {
            cluster: Some(cluster),
            ..partner.clone()
        };
        Err(self.conflict(ConflictKind::AmbiguousCluster, &own.says, &between))
    }

    /// All members are of one datacenter.
    fn admit_datacenter(&self, says: &Announcement) -> Verdict {
        let Some(own) = self.get(self.own()) else {
            return Ok(());
        };
        if own.says.datacenter == says.datacenter {
            return Ok(());
        }
        Err(self.conflict(ConflictKind::Datacenter, &own.says, says))
    }

    /// All members are of one cluster or of none.
    fn admit_cluster(&self, says: &Announcement) -> Verdict {
        let (Some(theirs), Some(ours)) = (says.cluster, self.cluster()) else {
            return Ok(());
        };
        if theirs == ours {
            return Ok(());
        }
        // A member that alone made this list one of its cluster may change its own mind.
        let others = self
            .iter()
            .filter(|entry| entry.says.node_id != says.node_id);
        let mut holders =
            others.filter(|entry| entry.says.cluster == Some(ours) && !has_left(entry.status()));
        let own = self
            .get(self.own())
            .filter(|own| own.says.cluster.is_some());
        match (own, holders.next()) {
            (Some(own), _) => Err(self.conflict(ConflictKind::Cluster, &own.says, says)),
            (None, Some(entry)) => {
                Err(self.conflict(ConflictKind::AmbiguousCluster, &entry.says, says))
            }
            (None, None) => Ok(()),
        }
    }

    /// A live member keeps its node id: another name, or a newer life at another address, under
    /// its node id is another agent, until the member is found to be gone (see `claims`).
    fn admit_node_id(&self, says: &Announcement) -> Verdict {
        match self.get(says.node_id) {
            Some(known)
                if !known.is_down()
                    && (!known.says.name.is_same(&says.name) || known.is_claimed_by(says)) =>
            {
                Err(self.conflict(ConflictKind::NodeId, &known.says, says))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A name belongs to the live member that had it first; one that is down gives it up at once,
    /// and so does one at whose very address somebody else of that name speaks.
    pub(super) fn admit_name(&self, says: &Announcement) -> Verdict {
        let mut holders = self.namesakes(says);
        let is_gone = |entry: &Entry| {
            entry.says.gossip_addr == says.gossip_addr && entry.says.node_id != self.own()
        };
        let holder = holders.find(|entry| !is_gone(entry));
        holder.map_or(Ok(()), |holder| {
            Err(self.conflict(ConflictKind::NodeName, &holder.says, says))
        })
    }

    /// The live members of another node id that go by this name.
    pub(super) fn namesakes(&self, says: &Announcement) -> impl Iterator<Item = &Entry> {
        let (name, own_id) = name_key(says);
        let first = (name.clone(), NodeId::new(0));
        let last = (name, NodeId::new(u128::MAX));
        self.names
            .range(first..=last)
            .filter(move |(_, node_id)| *node_id != own_id)
            .filter_map(|(_, node_id)| self.get(*node_id))
            .filter(|entry| !entry.is_down())
    }

    /// The cluster of this agent, or of the first member of a blank one's list that has one.
    pub(super) fn find_cluster(&self) -> Option<ClusterId> {
        let own = self.get(self.own()).and_then(|own| own.says.cluster);
        own.or_else(|| {
            self.iter()
                .filter(|entry| !has_left(entry.status()))
                .find_map(|entry| entry.says.cluster)
        })
    }

    pub(super) fn conflict(
        &self,
        kind: ConflictKind,
        ours: &Announcement,
        theirs: &Announcement,
    ) -> Box<Conflict> {
        Box::new(Conflict {
            kind,
            ours: Party::from(ours),
            theirs: Party::from(theirs),
            own: ours.node_id == self.own(),
            refused_by: None,
        })
    }
}

fn has_left(status: MemberStatus) -> bool {
    status == MemberStatus::Left
}
