//! What must hold in every world, and where the servers want to get.

use quorate::types::ClusterId;

use super::steps::Steps;
use super::terms::{Fates, NOBODY, UNTOLD};
use super::world::{PROPOSALS, has, place_of, raft_number};

impl Steps<'_> {
    /// What must hold in every world.
    pub(super) fn check(&self) -> Result<(), String> {
        let places = || (0..PROPOSALS).filter(|i| self.world.begun[*i] != 0);
        let committed: Vec<usize> = places().filter(|i| self.has_committed(*i)).collect();
        if committed.len() + usize::from(self.setup.living > 0) > 1 {
            return Err(format!("I1: clusters {committed:?} besides another"));
        }
        for place in committed {
            for own in (0..self.setup.servers).filter(|o| has(self.world.acked[place], *o)) {
                if self.world.nodes[own].raft != raft_number(place) {
                    return Err(format!("I7: {own} lost what {place} committed"));
                }
            }
        }
        Ok(())
    }

    /// Where the servers want to get: all who are left in one cluster; or all of them free again,
    /// if there are too few or the run has no proposal left; or, if that is allowed, those who are
    /// not free say why.
    pub(super) fn is_good(&mut self) -> bool {
        let lost = self.world.lost;
        let left: Vec<usize> = (0..self.setup.servers).filter(|s| !has(lost, *s)).collect();
        let clusters: Vec<Option<ClusterId>> =
            left.iter().map(|s| self.ledger(*s).cluster()).collect();
        let is_one = clusters.first().is_some_and(Option::is_some)
            && clusters.iter().all(|c| Some(c) == clusters.first());
        let is_spent = self.world.begun[self.setup.proposals - 1] != 0;
        let expect = usize::try_from(self.setup.expect).unwrap();
        let cannot = is_spent || left.len() < expect;
        is_one
            || (cannot && left.iter().all(|s| self.ledger(*s).bound().is_none()))
            || (self.setup.may_block && self.is_blocked(&left))
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
        for other in (0..self.setup.servers).filter(|other| *other != own) {
            let is_lost = has(self.world.lost, other);
            let fate = (!is_lost).then(|| self.ask_fate(other, place).1);
            fates[other] = Some(fate);
        }
        let ledger = self.world.nodes[own].ledger;
        let key = (own, ledger, self.raft_fact(own), NOBODY, fates);
        self.code.decide(key).1 == "founding-blocked"
    }
}
