//! What a server may know of the others when it decides: everything that they ever truthfully said.

use std::rc::Rc;

use quorate::bootstrap::{Fate, Raft, Seat, Standing};
use quorate::types::ClusterId;

use super::steps::Steps;
use super::terms::{Act, Fates, Map, NOBODY, SERVERS, Seen, Sight, UNTOLD};
use super::world::{Knowledge, Lie, cluster_of, has};

/// Stands for any cluster where it does not matter which.
const SOME: ClusterId = ClusterId::new(1);

/// What the decisions of one server depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ActsKey {
    own: usize,
    ledger: u16,
    raft: Raft,
    words: [Option<Standing>; SERVERS],
    lost: u8,
    said: [u8; SERVERS],
}

/// What servers may decide, as far as it was worked out.
pub(super) type Memo = Map<ActsKey, Rc<[Act]>>;

/// What a server may say of a proposal, one bit each.
const FATES: [Fate; 4] = [Fate::Dead, Fate::Refused, Fate::Founding, Fate::Committed];

impl Steps<'_> {
    /// All that a server may decide, by anything that it may know.
    pub(super) fn acts(&mut self, own: usize, place: Option<usize>) -> Rc<[Act]> {
        let node = self.world.nodes[own];
        let raft = self.raft_fact(own);
        let seat = self.code.ledgers.get(node.ledger).seat();
        let is_settled = matches!(seat, Seat::Member(_) | Seat::Wiping(_));
        let mut key = ActsKey {
            own,
            ledger: node.ledger,
            raft,
            words: [None; SERVERS],
            lost: self.world.lost,
            said: [0; SERVERS],
        };
        for other in (0..self.setup.places()).filter(|o| *o != own && !is_settled) {
            key.words[other] = self.word(other).map(|word| bare(word, place.is_some()));
            key.said[other] = place.map_or(0, |place| self.said_bits(other, place));
        }
        if let Some(acts) = self.memo.get(&key) {
            return Rc::clone(acts);
        }
        let mut acts = Vec::new();
        for sight in self.sights(&key, place.is_some()) {
            for fates in self.fates(&key, place) {
                let (act, _) = self.code.decide(&(own, node.ledger, raft, sight, fates));
                if act != Act::Nothing && !acts.contains(&act) {
                    acts.push(act);
                }
            }
        }
        let acts: Rc<[Act]> = acts.into();
        self.memo.insert(key, Rc::clone(&acts));
        acts
    }

    /// What a server says of itself; nothing if it is not there yet.
    pub(super) fn word(&mut self, other: usize) -> Option<Standing> {
        if !has(self.world.here, other) {
            return None;
        }
        let node = self.world.nodes[other];
        let word = self.code.standing(node.ledger, self.raft_fact(other));
        let lies = self.setup.lie == Lie::ClusterDenied;
        match word {
            Standing::InCluster(_) if lies => Some(Standing::Blank),
            word => Some(word),
        }
    }

    pub(super) fn is_old(&self, other: usize) -> bool {
        let first = self.setup.servers - self.setup.living;
        (first..self.setup.servers).contains(&other)
    }

    /// Every way in which a server may see the others now.
    fn sights(&self, key: &ActsKey, is_bound: bool) -> Vec<Sight> {
        let mut all = vec![NOBODY];
        for other in 0..SERVERS {
            let Some(word) = key.words[other] else {
                continue;
            };
            let seen = self.ways(other, word, is_bound);
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
    fn ways(&self, other: usize, now: Standing, is_bound: bool) -> Vec<Seen> {
        let is_lost = has(self.world.lost, other);
        let down = |said| Seen::Down(Some(said));
        if is_bound {
            // What binds it decides; of the others only a cluster matters.
            return match now {
                Standing::Blank => vec![Seen::Not],
                _ if is_lost => vec![down(now), Seen::Not],
                _ => vec![Seen::Says(now), Seen::Not],
            };
        }
        let mut said = vec![now];
        if now != Standing::Blank && !self.is_old(other) && !self.setup.has_heard {
            said.push(Standing::Blank);
        }
        let mut ways: Vec<Seen> = Vec::new();
        if is_lost || self.setup.knowledge == Knowledge::Cut {
            ways.extend(said.iter().copied().map(down));
            ways.push(Seen::Down(None));
        }
        if is_lost {
            return ways;
        }
        ways.extend(said.iter().copied().map(Seen::Says));
        if !self.setup.is_calm {
            ways.extend([Seen::Silent, Seen::Unasked]);
        }
        match self.setup.knowledge {
            Knowledge::Full | Knowledge::Cut => {}
            Knowledge::Addresses => ways.push(Seen::Address),
            Knowledge::Blind => ways.extend([Seen::Address, Seen::Not]),
        }
        if self.setup.lie == Lie::PartOfTheList {
            ways.push(Seen::Not);
        }
        ways
    }

    /// How a server may count those that there could be: as many as can be, as few as can be, and
    /// with all that they say.
    pub(super) fn counts(&mut self, own: usize) -> Vec<Sight> {
        let mut sights = [NOBODY; 3];
        for other in (0..self.setup.places()).filter(|other| *other != own) {
            let Some(now) = self.word(other) else {
                continue;
            };
            let blank = Seen::Down((!self.is_old(other)).then_some(Standing::Blank));
            let is_lost = has(self.world.lost, other);
            sights[0][other] = Seen::Silent;
            sights[1][other] = match self.setup.knowledge {
                _ if self.setup.lie == Lie::PartOfTheList => Seen::Not,
                _ if is_lost => blank,
                Knowledge::Full => Seen::Silent,
                Knowledge::Addresses => Seen::Address,
                Knowledge::Blind => Seen::Not,
                Knowledge::Cut => blank,
            };
            sights[2][other] = match bare(now, true) {
                Standing::Blank => Seen::Silent,
                _ if is_lost => Seen::Down(Some(now)),
                word => Seen::Says(word),
            };
        }
        let mut sights = sights.to_vec();
        sights.dedup();
        sights
    }

    /// Everything a bound server may have heard of its proposal.
    fn fates(&self, key: &ActsKey, place: Option<usize>) -> Vec<Fates> {
        let mut all = vec![UNTOLD];
        let Some(place) = place else {
            return all;
        };
        let members = self.members(place);
        for other in (0..SERVERS).filter(|o| *o != key.own && has(members, *o)) {
            let said = said(key.said[other]);
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

    pub(super) fn may_have_said(&self, other: usize, place: usize, fate: Fate) -> bool {
        said(self.said_bits(other, place)).contains(&Some(fate))
    }

    fn said_bits(&self, other: usize, place: usize) -> u8 {
        let ledger = self.code.ledgers.get(self.world.nodes[other].ledger);
        let lies = self.setup.lie == Lie::OneRefusalTooMany;
        let cluster = ledger.cluster();
        let is_elsewhere = cluster.is_some_and(|cluster| cluster != cluster_of(place))
            && has(self.members(place), other);
        let is_dead = ledger.is_over(self.ballot(place)) || is_elsewhere;
        let rules = [
            is_dead || has(self.world.denied[place], other),
            has(self.world.refused[place], other) || lies,
            has(self.world.founding[place], other),
            cluster == Some(cluster_of(place)),
        ];
        let bits = rules.iter().enumerate().filter(|rule| *rule.1);
        bits.map(|(bit, _)| 1 << bit).sum()
    }
}

/// What a server may have said of a proposal: nothing, that it is pending, and these.
fn said(bits: u8) -> Vec<Option<Fate>> {
    let mut said = vec![None, Some(Fate::Pending)];
    let fates = FATES.iter().enumerate();
    said.extend(fates.filter(|f| bits >> f.0 & 1 == 1).map(|f| Some(*f.1)));
    said
}

/// What matters of a word: not which founding binds the one who says it, and to one who is bound
/// itself only whether there is a cluster.
const fn bare(word: Standing, is_bound: bool) -> Standing {
    match word {
        Standing::InCluster(_) | Standing::Heard(_) => word,
        _ if is_bound => Standing::Blank,
        Standing::Proposing(_) => Standing::Proposing(SOME),
        Standing::Promised(_) => Standing::Promised(SOME),
        Standing::Founding(_) => Standing::Founding(SOME),
        Standing::Blank | Standing::Lost => word,
    }
}
