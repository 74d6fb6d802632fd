//! How a word gets into the table, once it was heard.
//!
//! Whether it may is decided in `rules`; what waits instead, in `claims`.

use std::sync::Arc;

use super::{Entry, Heard, Table, name_key};
use crate::gossip::conflict::Conflict;
use crate::gossip::identity::Identity;
use crate::types::Announcement;

impl Table {
    /// Puts a word in its place if it is newer than what is known and the rules admit it.
    pub(super) fn place(
        &mut self,
        says: Announcement,
        renewal: u32,
        state: foca::State,
    ) -> Result<Heard, Box<Conflict>> {
        if says.node_id == self.own {
            return self.hear_of_self(&says, state);
        }
        let known = self.entries.get(&says.node_id);
        if known.is_some_and(|entry| !says.is_newer(&entry.says)) {
            return Ok(Heard::Old);
        }
        let is_new_life = known.is_none_or(|entry| entry.says.generation != says.generation);
        let is_claim = known.is_some_and(|entry| entry.is_claimed_by(&says));
        if is_claim || (state != foca::State::Down && self.is_from_elsewhere(&says)) {
            self.hold_claim(says, renewal, state);
            return Ok(Heard::Old);
        }
        self.admit(&says, state)?;
        if is_new_life {
            self.bury_predecessors(&says);
            let identity = Identity::of(&says, renewal);
            self.put(says, renewal);
            self.feed.push(foca::Member::new(identity, 0, state));
            let now = self.now;
            if let Some(entry) = self.entries.get_mut(&identity.node_id) {
                entry.observe(renewal, 0, state, now);
            }
        } else if let Some(entry) = self.entries.get_mut(&says.node_id) {
            // Within one life a member stays where it is.
            let gossip_addr = entry.says.gossip_addr;
            self.names.remove(&name_key(&entry.says));
            self.names.insert(name_key(&says));
            entry.says = Arc::new(Announcement {
                gossip_addr,
                ..says
            });
        }
        self.cluster = self.cluster.or_else(|| self.find_cluster());
        self.changed = true;
        Ok(Heard::New)
    }

    /// Whoever had this name at this very address is gone: its data directory was wiped, and a new
    /// agent runs in its place. Waiting until the old one is found failed would keep the new one
    /// out for seconds.
    fn bury_predecessors(&mut self, says: &Announcement) {
        let gone: Vec<Identity> = self
            .namesakes(says)
            .filter(|entry| entry.says.node_id != self.own)
            .map(Entry::identity)
            .collect();
        for identity in gone {
            self.feed.push(foca::Member::down(identity));
            self.observe(&identity, 0, foca::State::Down);
        }
    }

    /// Enters a member, or a new life of one. An intent may have come before the word of its life;
    /// one about the life before says nothing of this one.
    pub(super) fn put(&mut self, says: Announcement, renewal: u32) {
        let node_id = says.node_id;
        self.names.insert(name_key(&says));
        let entry = Entry::new(says, renewal);
        let Some(old) = self.entries.insert(node_id, entry) else {
            return;
        };
        if let Some(entry) = self.entries.get_mut(&node_id) {
            entry.intent = old.intent;
            if name_key(&old.says) != name_key(&entry.says) {
                self.names.remove(&name_key(&old.says));
            }
        }
    }

    /// Says whether the failure detector has to hear of this. Of this agent it hears only what it
    /// has to refute.
    pub(super) fn is_worth_telling(
        &self,
        identity: &Identity,
        incarnation: u16,
        state: foca::State,
    ) -> bool {
        let Some(entry) = self.get(identity.node_id) else {
            return false;
        };
        if identity.node_id == self.own {
            return entry.renewal == identity.life.renewal && state != foca::State::Alive;
        }
        (entry.renewal, entry.incarnation, entry.state)
            != (identity.life.renewal, incarnation, state)
    }
}
