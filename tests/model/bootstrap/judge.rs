//! What must hold in every world, and where the servers want to get.

use quorate::bootstrap::{Expectation, Seat, Standing};
use quorate::types::ClusterId;

use super::steps::Steps;
use super::terms::{Fates, NOBODY, UNTOLD};
use super::world::{OLD_CLUSTER, OTHER_CLUSTER, PROPOSALS, has, place_of, raft_number};
use super::world::{OLD_RAFT, OTHER_RAFT};

impl Steps<'_> {
    /// What must hold in every world.
    pub(super) fn check(&self) -> Result<(), String> {
        let places = || (0..PROPOSALS).filter(|i| self.world.begun[*i] != 0);
        let committed: Vec<usize> = places().filter(|i| self.has_committed(*i)).collect();
        let alive = committed.iter().filter(|i| self.has_quorum(**i)).count();
        if alive + usize::from(self.setup.living > 0) > 1 {
            return Err(format!("I1: clusters {committed:?} besides another"));
        }
        for own in self.left() {
            for place in &committed {
                let raft = self.world.nodes[own].raft;
                if has(self.world.acked[*place], own) && raft != raft_number(*place) {
                    return Err(format!("I7: {own} lost what {place} committed"));
                }
            }
            self.check_one_cluster(own)?;
        }
        Ok(())
    }

    /// No disk belongs to one cluster and holds raft data of another.
    fn check_one_cluster(&self, own: usize) -> Result<(), String> {
        let raft = self.world.nodes[own].raft;
        let wanted = match self.ledger(own).cluster() {
            None => return Ok(()),
            Some(cluster) if cluster == OLD_CLUSTER.cluster => OLD_RAFT,
            Some(cluster) if cluster == OTHER_CLUSTER.cluster => OTHER_RAFT,
            Some(cluster) => (0..PROPOSALS)
                .find(|i| super::world::cluster_of(*i) == cluster)
                .map_or(0, raft_number),
        };
        if raft != 0 && raft != wanted {
            return Err(format!("I5: {own} holds raft data of another cluster"));
        }
        Ok(())
    }

    /// A quorum of the members still has its disks: the cluster can acknowledge again.
    fn has_quorum(&self, place: usize) -> bool {
        let members = self.members(place);
        (members & !self.world.lost).count_ones() > members.count_ones() / 2
    }

    /// The servers that are there and not lost.
    fn left(&self) -> Vec<usize> {
        let there = self.world.here & !self.world.lost;
        (0..self.setup.places())
            .filter(|s| has(there, *s))
            .collect()
    }

    /// Where the servers want to get: all who are left in one cluster; or all of them free again,
    /// if they cannot found or the run has no proposal left; or, if that is allowed, those who are
    /// not free say why. One that lost its ledger is out of it.
    pub(super) fn is_good(&mut self) -> bool {
        let mut left = self.left();
        let may_lose = self.setup.ledger_losses;
        left.retain(|s| !has(may_lose, *s) || self.word(*s) != Some(Standing::Lost));
        let clusters: Vec<Option<ClusterId>> =
            left.iter().map(|s| self.ledger(*s).cluster()).collect();
        let is_one = clusters.first().is_some_and(Option::is_some)
            && clusters.iter().all(|c| Some(c) == clusters.first());
        let is_spent = self.world.begun[self.setup.proposals - 1] != 0;
        let cannot = is_spent || self.setup.is_other || !self.can_found(&left);
        is_one
            || (cannot && left.iter().all(|s| self.ledger(*s).bound().is_none()))
            || ((self.setup.may_block || self.is_that_instant(&left)) && self.is_blocked(&left))
    }

    /// Raft has spoken to a member, and its first entry has not come.
    fn is_that_instant(&self, left: &[usize]) -> bool {
        left.iter().any(|s| {
            matches!(self.ledger(*s).seat(), Seat::Founding(_)) && self.world.nodes[*s].raft == 0
        })
    }

    /// Says whether these are enough, and agree.
    fn can_found(&self, left: &[usize]) -> bool {
        let told = || {
            left.iter()
                .map(|s| self.setup.expects[*s])
                .filter(|told| *told != Expectation::Nothing)
        };
        let first = told().next();
        match first {
            Some(Expectation::Servers(expect)) => {
                told().all(|told| Some(told) == first)
                    && told().count() >= usize::try_from(expect).unwrap()
            }
            Some(Expectation::Alone) => true,
            Some(Expectation::Nothing) | None => false,
        }
    }

    /// Says whether some of these are bound and all who are say that they are blocked, by what
    /// they can honestly know.
    fn is_blocked(&mut self, left: &[usize]) -> bool {
        let bound: Vec<usize> = left
            .iter()
            .copied()
            .filter(|s| self.ledger(*s).bound().is_some())
            .collect();
        !bound.is_empty() && bound.iter().all(|own| self.says_blocked(*own))
    }

    fn says_blocked(&mut self, own: usize) -> bool {
        let bound = self.ledger(own).bound().cloned();
        let Some(place) = bound.as_ref().and_then(place_of) else {
            return false;
        };
        let mut fates: Fates = UNTOLD;
        for other in (0..self.setup.places()).filter(|other| *other != own) {
            let answers = has(self.world.here & !self.world.lost, other);
            let fate = answers.then(|| self.ask_fate(other, place).1);
            fates[other] = Some(fate);
        }
        let ledger = self.world.nodes[own].ledger;
        let key = (own, ledger, self.raft_fact(own), NOBODY, fates);
        self.code.decide(&key).1 == "founding-blocked"
    }
}
