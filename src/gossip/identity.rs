//! Who a member is to the failure detector: small, because every datagram carries it.
//!
//! Everything else that a member says is its announcement, which travels apart from this (gossip
//! study, decision 1).

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::types::{Announcement, NodeId};

/// One life of an agent in the eyes of the others. Of two lives of one node id the larger one is
/// the newer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub(crate) struct Life {
    /// Start of the process, as in its announcement.
    pub(crate) generation: u64,
    /// How often the process had to return after others had declared it down.
    pub(crate) renewal: u32,
}

/// The identity that the failure detector knows a member by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// What stays the same over restarts and changes of address.
    pub(crate) node_id: NodeId,
    /// Where datagrams reach it.
    pub(crate) addr: SocketAddr,
    /// Which of its lives this is.
    pub(crate) life: Life,
}

impl Identity {
    /// The identity of whoever announces this, in the given renewal.
    pub(crate) const fn of(says: &Announcement, renewal: u32) -> Self {
        Self {
            node_id: says.node_id,
            addr: says.gossip_addr,
            life: Life {
                generation: says.generation,
                renewal,
            },
        }
    }
}

impl foca::Identity for Identity {
    type Addr = NodeId;

    /// Returns at once when declared down: the process is alive, since it hears that.
    fn renew(&self) -> Option<Self> {
        let renewal = self.life.renewal.checked_add(1)?;
        let life = Life {
            renewal,
            ..self.life
        };
        Some(Self { life, ..*self })
    }

    fn addr(&self) -> NodeId {
        self.node_id
    }

    /// The newer life wins. Equal lives at two addresses are two processes with one data
    /// directory; the order of addresses keeps all members of one mind about them.
    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        (self.life, self.addr) > (adversary.life, adversary.addr)
    }
}

#[cfg(test)]
mod tests {
    use foca::Identity as _;

    use super::*;

    fn identity(generation: u64, renewal: u32, port: u16) -> Identity {
        Identity {
            node_id: NodeId::new(7),
            addr: SocketAddr::from(([127, 0, 0, 1], port)),
            life: Life {
                generation,
                renewal,
            },
        }
    }

    #[test]
    fn a_restart_wins_over_every_renewal_of_the_life_before() {
        let old = identity(10, 400, 9);
        let new = identity(11, 0, 1);
        assert!(new.win_addr_conflict(&old) && !old.win_addr_conflict(&new));
    }

    #[test]
    fn a_renewed_identity_wins_over_the_one_that_was_declared_down() {
        let old = identity(10, 0, 1);
        let renewed = old.renew().unwrap();
        assert!(renewed.win_addr_conflict(&old));
        assert_eq!((renewed.node_id, renewed.addr), (old.node_id, old.addr));
    }

    #[test]
    fn renewals_end_where_their_number_ends() {
        assert_eq!(identity(10, u32::MAX, 1).renew(), None);
    }
}
