//! Where peers have moved since the raft configuration was written.
//!
//! Links to peers outlive a change of address in the configuration, and while too many peers have
//! moved the configuration cannot be changed at all (design, section 6: all addresses of all
//! servers may change at once). So whoever learns a new address tells it here, and every link
//! asks before it sends. A wrong address does no harm: the receiver refuses what is not meant for
//! its raft id.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};

use crate::types::RaftId;

/// Addresses that are remembered as left, per peer. A peer that moves more often in the life of
/// one process is reached through the configuration again.
const LEFT_MAX: usize = 64;

/// New addresses by raft id.
#[derive(Debug, Default)]
pub(in crate::raft) struct AddressBook {
    moves: RwLock<HashMap<RaftId, Move>>,
}

#[derive(Debug)]
struct Move {
    left: BTreeSet<SocketAddr>,
    now: SocketAddr,
}

impl AddressBook {
    /// Notes that a peer, configured at one address, lives at another.
    pub(in crate::raft) fn moved(&self, id: RaftId, configured: SocketAddr, now: SocketAddr) {
        let mut moves = self.moves.write().unwrap_or_else(PoisonError::into_inner);
        let entry = moves.entry(id).or_insert_with(|| Move {
            left: BTreeSet::new(),
            now,
        });
        if entry.left.len() >= LEFT_MAX {
            entry.left.clear();
        }
        entry.left.extend([configured, entry.now]);
        entry.left.remove(&now);
        entry.now = now;
    }

    /// Where to send what is configured to go to an address: elsewhere, if the peer left it.
    /// An address that is not known as left is newer than anything here.
    pub(super) fn elsewhere(&self, id: RaftId, configured: SocketAddr) -> Option<SocketAddr> {
        let moves = self.moves.read().unwrap_or_else(PoisonError::into_inner);
        let entry = moves.get(&id)?;
        entry.left.contains(&configured).then_some(entry.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: RaftId = RaftId::new(1);

    fn at(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[test]
    fn every_address_that_was_left_leads_to_the_last_one() {
        let book = AddressBook::default();
        book.moved(ID, at(1), at(2));
        book.moved(ID, at(1), at(3));
        assert_eq!(book.elsewhere(ID, at(1)), Some(at(3)));
        assert_eq!(book.elsewhere(ID, at(2)), Some(at(3)));
        assert_eq!(book.elsewhere(ID, at(3)), None);
        assert_eq!(book.elsewhere(RaftId::new(2), at(1)), None);
    }

    #[test]
    fn a_configured_address_that_is_not_known_as_left_is_kept() {
        let book = AddressBook::default();
        book.moved(ID, at(1), at(2));
        assert_eq!(book.elsewhere(ID, at(9)), None);
    }

    #[test]
    fn a_peer_that_returns_is_found_where_it_began() {
        let book = AddressBook::default();
        book.moved(ID, at(1), at(2));
        book.moved(ID, at(1), at(1));
        assert_eq!(book.elsewhere(ID, at(1)), None);
        assert_eq!(book.elsewhere(ID, at(2)), Some(at(1)));
    }

    #[test]
    fn a_peer_that_keeps_moving_takes_bounded_memory() {
        let book = AddressBook::default();
        for port in 1..1_000 {
            book.moved(ID, at(port), at(port + 1));
        }
        assert!(book.moves.read().unwrap()[&ID].left.len() <= LEFT_MAX + 2);
        assert_eq!(book.elsewhere(ID, at(999)), Some(at(1_000)));
    }
}
