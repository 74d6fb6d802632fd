//! Arithmetic of majorities: what an operator's change of the voters would cost.

use std::collections::BTreeSet;

use crate::types::RaftId;

/// Whether every majority of one set of voters shares a server with every majority of another.
///
/// If so, no two leaders can be confirmed at once, one by each set, whoever of them has heard of
/// the change (Raft dissertation, section 4.1). An empty set has no majority and meets nothing.
pub fn majorities_meet(one: &BTreeSet<RaftId>, other: &BTreeSet<RaftId>) -> bool {
    if one.is_empty() || other.is_empty() {
        return false;
    }
    let both = one.intersection(other).count();
    // The majority of `other` that takes as few servers of `one` as it can.
    let taken = majority(other).saturating_sub(other.len().saturating_sub(both));
    let left = one.len().saturating_sub(taken);
    left < majority(one)
}

/// Whether a voter may be taken out: another one is left, and more than half of those left
/// answer, so that the rest can commit the change and go on.
pub fn may_go(voters: &BTreeSet<RaftId>, answering: &BTreeSet<RaftId>, goes: RaftId) -> bool {
    let rest = voters.iter().filter(|voter| **voter != goes);
    let answer = rest.clone().filter(|voter| answering.contains(voter));
    answer.count().saturating_mul(2) > rest.count()
}

fn majority(voters: &BTreeSet<RaftId>) -> usize {
    voters.len() / 2 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u128]) -> BTreeSet<RaftId> {
        ids.iter().copied().map(RaftId::new).collect()
    }

    /// Every part of a set that is a majority of it, the slow way.
    fn majorities(of: &BTreeSet<RaftId>) -> Vec<BTreeSet<RaftId>> {
        let all: Vec<RaftId> = of.iter().copied().collect();
        let parts = 0_u32..1 << all.len();
        let part = |bits: u32| -> BTreeSet<RaftId> {
            let has = |at: usize| bits & (1 << at) != 0;
            all.iter()
                .enumerate()
                .filter(|(at, _)| has(*at))
                .map(|(_, id)| *id)
                .collect()
        };
        parts
            .map(part)
            .filter(|part| part.len() * 2 > all.len())
            .collect()
    }

    #[test]
    fn majorities_meet_exactly_if_no_two_are_apart() {
        for one in 0_u128..64 {
            for other in 0_u128..64 {
                let of = |bits: u128| {
                    let ids: Vec<u128> = (0..6).filter(|at| bits & (1 << at) != 0).collect();
                    set(&ids)
                };
                let (one, other) = (of(one), of(other));
                let apart = majorities(&one).iter().any(|a| {
                    let mut others = majorities(&other).into_iter();
                    others.any(|b| a.is_disjoint(&b))
                });
                let expected = !one.is_empty() && !other.is_empty() && !apart;
                assert_eq!(majorities_meet(&one, &other), expected, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_voter_goes_only_if_the_rest_can_go_on() {
        let three = set(&[1, 2, 3]);
        let goes = |answering: &[u128], id: u128| may_go(&three, &set(answering), RaftId::new(id));
        assert!(goes(&[1, 2], 3), "the dead one of three");
        assert!(goes(&[1, 2, 3], 3), "one of three");
        assert!(!goes(&[1, 3], 3), "an alive one beside a dead one");
        assert!(!may_go(&set(&[1]), &set(&[1]), RaftId::new(1)), "the last");
        assert!(may_go(&set(&[1, 2]), &set(&[1]), RaftId::new(2)));
    }
}
