//! What the join sources told about servers that may exist (design, section 5, rule 5).

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::types::{Address, Member};

/// What sources listed so far, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// Addresses that a source lists now.
    pub(super) listed: BTreeSet<SocketAddr>,
    /// Addresses at which somebody was reached, oneself included.
    pub(super) reached: BTreeSet<SocketAddr>,
    /// Sources without a complete answer so far.
    pub(super) open_sources: BTreeSet<String>,
    /// Every source was asked, and what it listed was tried, at least once.
    pub(super) is_first_round_over: bool,
}

impl Evidence {
    /// Addresses that were listed and at which nobody is known to be.
    pub(super) fn unreached(&self, members: &[Member]) -> BTreeSet<Address> {
        let is_member = |addr: &SocketAddr| {
            members
                .iter()
                .any(|member| member.says.gossip_addr == *addr)
        };
        let silent = self
            .listed
            .difference(&self.reached)
            .filter(|addr| !is_member(addr));
        silent.copied().map(Address::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_until_somebody_is_reached_there() {
        let [a, b] = [1, 2].map(|n| SocketAddr::from(([127, 0, 0, n], 8301)));
        let mut evidence = Evidence {
            listed: BTreeSet::from([a, b]),
            ..Evidence::default()
        };
        assert_eq!(evidence.unreached(&[]).len(), 2);
        evidence.reached.insert(a);
        assert_eq!(evidence.unreached(&[]), BTreeSet::from([b.into()]));
    }
}
