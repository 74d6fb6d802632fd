//! Claims: a newer life of a live member that speaks from another address.
//!
//! Either the member moved and the old process is gone, or its data directory was copied and both
//! processes live. The list cannot tell, so the word waits: it is granted when the member is found
//! down, and not before (decision 11). Who is claimed against is not disturbed by it.
//!
//! An agent that was just started holds nobody yet and would believe whoever speaks first. So it
//! remembers the home of each member, where it was in this agent's last life, and asks there before
//! it believes one from elsewhere.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::{Heard, Table};
use crate::gossip::conflict::{Conflict, ConflictKind};
use crate::gossip::identity::Identity;
use crate::gossip::wire::Line;
use crate::types::{Announcement, ClusterId, NodeId};

/// How long a claim waits without being heard again. Chosen: longer than a silent member takes to
/// be found failed (`Tuning::hung`), and short enough that a copy that has ended is not taken for the
/// member later. Who really moved goes on asking, and is let in then.
const CLAIM_KEPT: Duration = Duration::from_secs(10);

/// How long a home that was asked counts without an answer. Chosen: three times the default patience
/// with a question, for the question may have waited for its turn.
const HOME_COUNTS: Duration = Duration::from_secs(3);

/// The claims that wait, and what has become of others.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// The newest claim on each member; never more than there are members.
    waiting: BTreeMap<NodeId, Claim>,
    granted: Vec<NodeId>,
    holder: Option<SocketAddr>,
    homes: BTreeMap<NodeId, Home>,
    questions: Vec<(NodeId, SocketAddr)>,
}

/// Where a member was in this agent's last life.
#[derive(Debug)]
struct Home {
    addr: SocketAddr,
    asked: Option<Instant>,
}

/// A word that waits.
#[derive(Debug, Clone)]
struct Claim {
    says: Announcement,
    renewal: u32,
    state: foca::State,
    heard: Instant,
}

impl Claims {
    /// Remembers that somebody goes by this agent's own node id elsewhere.
    pub(super) const fn note_holder(&mut self, addr: SocketAddr) {
        self.holder = Some(addr);
    }

    /// Takes the address to ask.
    pub(super) const fn take_holder(&mut self) -> Option<SocketAddr> {
        self.holder.take()
    }

    /// Takes the homes to ask.
    pub(super) fn take_questions(&mut self) -> Vec<(NodeId, SocketAddr)> {
        std::mem::take(&mut self.questions)
    }

    /// Says whether a word from there waits until the member's home has been asked; has it asked.
    fn waits_for_home(&mut self, says: &Announcement, now: Instant) -> bool {
        let home = self.homes.get_mut(&says.node_id);
        let Some(home) = home.filter(|home| home.addr != says.gossip_addr) else {
            return false;
        };
        if home.asked.is_none() {
            self.questions.push((says.node_id, home.addr));
        }
        let asked = *home.asked.get_or_insert(now);
        now.saturating_duration_since(asked) < HOME_COUNTS
    }

    /// Takes who entered by a claim.
    pub(super) fn take_granted(&mut self) -> Vec<NodeId> {
        std::mem::take(&mut self.granted)
    }

    /// Forgets the claim on a member that is forgotten itself.
    pub(super) fn drop_of(&mut self, node_id: NodeId) {
        self.waiting.remove(&node_id);
    }
}

impl Table {
    /// The live member whose node id this word takes elsewhere: whoever hears the word from its
    /// speaker asks that member whether it is still there.
    pub(crate) fn claimed(&self, says: &Announcement) -> Option<Identity> {
        let known = self.get(says.node_id)?;
        (says.node_id != self.own() && known.is_claimed_by(says) && says.is_newer(&known.says))
            .then(|| known.identity())
    }

    /// Takes the member for down if it is still the one that was asked.
    pub(crate) fn release(&mut self, holder: &Identity) {
        if self.admits(holder) {
            self.feed.push(foca::Member::down(*holder));
            self.observe(holder, 0, foca::State::Down);
        }
    }

    /// Has the failure detector suspect the member: it speaks up if it lives.
    pub(crate) fn suspect(&mut self, holder: &Identity) {
        let known = self.get(holder.node_id).filter(|entry| !entry.is_down());
        if let Some(entry) = known.filter(|entry| entry.identity() == *holder) {
            let suspect = foca::Member::new(*holder, entry.incarnation, foca::State::Suspect);
            self.feed.push(suspect);
        }
    }

    /// Remembers that somebody goes by this agent's own node id elsewhere.
    pub(crate) const fn note_holder(&mut self, addr: SocketAddr) {
        self.claims.note_holder(addr);
    }

    /// A word in this agent's own name that it did not speak in this life.
    pub(super) fn hear_of_self(
        &mut self,
        says: &Announcement,
        state: foca::State,
    ) -> Result<Heard, Box<Conflict>> {
        let Some(entry) = self.entries.get(&self.own) else {
            return Ok(Heard::Old);
        };
        let is_same_life = says.generation == entry.says.generation;
        let is_here = says.gossip_addr == entry.says.gossip_addr;
        if says.generation < entry.says.generation && !is_here && state != foca::State::Down {
            self.claims.note_holder(says.gossip_addr);
        }
        if says.generation > entry.says.generation || (is_same_life && !is_here) {
            return Err(self.conflict(ConflictKind::NodeId, &entry.says, says));
        }
        Ok(Heard::Old)
    }

    /// Remembers where others were in this agent's last life.
    pub(crate) fn remember_homes(&mut self, homes: &[(NodeId, SocketAddr)]) {
        let home = |addr| Home { addr, asked: None };
        let all = homes.iter().map(|(node_id, addr)| (*node_id, home(*addr)));
        self.claims.homes = all.collect();
    }

    /// A member's home was asked: whoever is in the list now, or else speaks from elsewhere, is it.
    pub(crate) fn leave_home(&mut self, node_id: NodeId) {
        self.claims.homes.remove(&node_id);
        if self.get(node_id).is_none() {
            self.grant_claim(node_id);
        }
    }

    /// The clusters of those who wait to be believed.
    pub(crate) fn claiming_clusters(&self) -> impl Iterator<Item = ClusterId> {
        let waiting = self.claims.waiting.values();
        waiting.filter_map(|claim| claim.says.cluster)
    }

    /// Says whether this word is of somebody who is not in the list yet and had his home elsewhere.
    pub(super) fn is_from_elsewhere(&mut self, says: &Announcement) -> bool {
        self.get(says.node_id).is_none() && self.claims.waits_for_home(says, self.now)
    }

    /// Lets the word of a partner that was refused wait, if it is a claim.
    pub(crate) fn hold_partner(&mut self, line: Line) {
        if self.claimed(&line.says).is_some() {
            self.hold_claim(line.says, line.renewal, line.state);
        }
    }

    /// Lets a word wait.
    pub(super) fn hold_claim(&mut self, says: Announcement, renewal: u32, state: foca::State) {
        let waiting = self.claims.waiting.get(&says.node_id);
        if waiting.is_none_or(|claim| !claim.says.is_newer(&says)) {
            let node_id = says.node_id;
            let claim = Claim {
                says,
                renewal,
                state,
                heard: self.now,
            };
            self.claims.waiting.insert(node_id, claim);
        }
    }

    /// Grants the claim on a member that is down, if it was heard of late.
    pub(super) fn grant_claim(&mut self, node_id: NodeId) {
        let Some(claim) = self.claims.waiting.remove(&node_id) else {
            return;
        };
        if self.now.saturating_duration_since(claim.heard) > CLAIM_KEPT {
            return;
        }
        match self.place(claim.says, claim.renewal, claim.state) {
            Ok(Heard::New) => self.claims.granted.push(node_id),
            Ok(Heard::Old) => {}
            Err(conflict) => self.conflicts.push(*conflict),
        }
    }
}
