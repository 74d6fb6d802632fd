//! What the sources have shown so far: the ground on which founding counts who could be a server
//! (design, section 5, rule 5).
//!
//! Counts nothing itself and never forgets to the agent's advantage: a failed look-up takes no
//! address away, and an answer with gaps adds to a complete one but does not replace it.

use std::collections::BTreeSet;

use crate::types::Address;

use super::{Found, SourceId};

/// What one source has shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// The source.
    pub source: SourceId,
    /// It gave a complete answer at least once.
    pub is_complete: bool,
    /// Addresses other than this agent's own: those of its last complete answer, and of the last
    /// one with gaps if that came later.
    pub listed: BTreeSet<Address>,
    /// Those of them at which another agent took part in a join, whichever source led there.
    pub reached: BTreeSet<Address>,
}

/// The answers that count for a source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Listing {
    complete: Option<BTreeSet<Address>>,
    /// The last answer with gaps since the complete one.
    partial: BTreeSet<Address>,
    /// An address of this agent was in the last answer, or answered to one of its addresses.
    has_own: bool,
}

impl Listing {
    pub(super) const fn new() -> Self {
        Self {
            complete: None,
            partial: BTreeSet::new(),
            has_own: false,
        }
    }

    pub(super) fn note(&mut self, found: &Found) {
        let addresses = found.addresses.iter().cloned().collect();
        self.has_own = found.has_own;
        if found.complete {
            self.complete = Some(addresses);
            self.partial = BTreeSet::new();
        } else {
            self.partial = addresses;
        }
    }

    pub(super) const fn note_own(&mut self) {
        self.has_own = true;
    }

    pub(super) const fn has_own(&self) -> bool {
        self.has_own
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.complete.is_some()
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.complete.iter().flatten().chain(&self.partial)
    }
}

/// What trying the addresses has shown, for all sources together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Contacts {
    reached: BTreeSet<Address>,
    own: BTreeSet<Address>,
}

impl Contacts {
    /// Notes what a join came to; an address counts as what it was last found to be.
    pub(super) fn note(&mut self, reached: Vec<Address>, own: Vec<Address>) {
        for address in &reached {
            self.own.remove(address);
        }
        for address in &own {
            self.reached.remove(address);
        }
        self.reached.extend(reached);
        self.own.extend(own);
    }

    /// Forgets addresses that no source lists any more, so that these sets stay as small as the
    /// answers.
    pub(super) fn retain(&mut self, is_listed: impl Fn(&Address) -> bool) {
        self.reached.retain(&is_listed);
        self.own.retain(&is_listed);
    }

    pub(super) fn evidence(&self, source: SourceId, listing: &Listing) -> Evidence {
        let others = listing.addresses().filter(|a| !self.own.contains(*a));
        let listed: BTreeSet<Address> = others.cloned().collect();
        let reached = listed.intersection(&self.reached).cloned().collect();
        Evidence {
            source,
            is_complete: listing.is_complete(),
            listed,
            reached,
        }
    }
}
