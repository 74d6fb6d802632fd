//! What a server may know of the others when it decides: everything that they ever truthfully said.

use std::collections::HashMap;
use std::rc::Rc;

use quorate::bootstrap::{Fate, Standing};

use super::steps::Steps;
use super::terms::{Act, Fates, NOBODY, SERVERS, Seen, Sight, UNTOLD};
use super::world::{Knowledge, Lie, Set, cluster_of, has};

/// What the decisions of one server depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ActsKey {
    own: usize,
    is_pristine: bool,
    ledgers: [u16; SERVERS],
    history: Option<(u16, Set, Set)>,
    lost: Set,
}

/// What servers may decide, as far as it was worked out.
pub(super) type Memo = HashMap<ActsKey, Rc<[Act]>>;

impl Steps<'_> {
    /// All that a server may decide, by anything that it may know.
    pub(super) fn acts(&mut self, own: usize, place: Option<usize>) -> Rc<[Act]> {
        let world = &self.world;
        let key = ActsKey {
            own,
            is_pristine: world.nodes[own].raft == 0,
            ledgers: world.nodes.map(|node| node.ledger),
            history: place.map(|i| (world.begun[i], world.refused[i], world.founding[i])),
            lost: world.lost,
        };
        if let Some(acts) = self.memo.get(&key) {
            return Rc::clone(acts);
        }
        let (ledger, raft) = (self.world.nodes[own].ledger, self.raft_fact(own));
        let mut acts = Vec::new();
        for sight in self.sights(own, place.is_some()) {
            for fates in self.fates(own, place) {
                let (act, _) = self.code.decide((own, ledger, raft, sight, fates));
                if act != Act::Nothing && !acts.contains(&act) {
                    acts.push(act);
                }
            }
        }
        let acts: Rc<[Act]> = acts.into();
        self.memo.insert(key, Rc::clone(&acts));
        acts
    }
    /// Every way in which a server may see the others now.
    fn sights(&self, own: usize, is_bound: bool) -> Vec<Sight> {
        let mut all = vec![NOBODY];
        for other in (0..self.setup.servers).filter(|other| *other != own) {
            let seen = self.ways(other, is_bound);
            all = all
                .iter()
                .flat_map(|sight| {
                    seen.iter().map(move |way| {
                        let mut sight = *sight;
                        sight[other] = *way;
                        sight
                    })
                })
                .collect();
        }
        all
    }

    /// What may be seen of one server: also what was true once, and blank is what it began with.
    fn ways(&self, other: usize, is_bound: bool) -> Vec<Seen> {
        let mut now = self
            .code
            .ledgers
            .get(self.world.nodes[other].ledger)
            .standing();
        let lies = self.setup.lie == Lie::ClusterDenied;
        if lies && matches!(now, Standing::InCluster(_)) {
            now = Standing::Blank;
        }
        let is_old = other >= self.setup.servers - self.setup.living;
        let said = if has(self.world.lost, other) {
            Seen::Down
        } else {
            Seen::Says
        };
        let mut ways = vec![said(now)];
        if is_bound {
            // What binds it decides; of the others only a cluster matters.
            if matches!(now, Standing::InCluster(_)) {
                ways.push(Seen::Not);
            }
            return ways;
        }
        if now != Standing::Blank && !is_old {
            ways.push(said(Standing::Blank));
        }
        if !has(self.world.lost, other) && !self.setup.is_calm {
            ways.extend([Seen::Silent, Seen::Unasked]);
        }
        match self.setup.knowledge {
            Knowledge::Full => {}
            Knowledge::Addresses => ways.push(Seen::Address),
            Knowledge::Blind => ways.extend([Seen::Address, Seen::Not]),
        }
        ways
    }

    /// Everything a bound server may have heard of its proposal.
    fn fates(&self, own: usize, place: Option<usize>) -> Vec<Fates> {
        let mut all = vec![UNTOLD];
        let Some(place) = place else {
            return all;
        };
        let members = self.members(place);
        for other in (0..self.setup.servers).filter(|o| *o != own && has(members, *o)) {
            let said = self.said(other, place);
            all = all
                .iter()
                .flat_map(|fates| {
                    said.iter().map(move |fate| {
                        let mut fates = *fates;
                        fates[other] = Some(*fate);
                        fates
                    })
                })
                .collect();
        }
        all.push(UNTOLD);
        all
    }

    pub(super) fn said(&self, other: usize, place: usize) -> Vec<Option<Fate>> {
        let ledger = self.code.ledgers.get(self.world.nodes[other].ledger);
        let mut said = vec![None, Some(Fate::Pending)];
        let lies = self.setup.lie == Lie::OneRefusalTooMany;
        let rules = [
            (ledger.is_over(self.ballot(place)), Fate::Dead),
            (has(self.world.refused[place], other) || lies, Fate::Refused),
            (has(self.world.founding[place], other), Fate::Founding),
            (ledger.cluster() == Some(cluster_of(place)), Fate::Committed),
        ];
        said.extend(rules.iter().filter(|r| r.0).map(|r| Some(r.1)));
        said
    }
}
