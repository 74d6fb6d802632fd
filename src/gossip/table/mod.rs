//! The member table: what is known of whom, and what follows from that for the list that others
//! see.
//!
//! It holds three things per member: its own word (the newest), what the failure detector thinks
//! of its life, and the newest intent about it. It does no I/O and reads no clock; the machine
//! tells it the time. Nobody enters but by a word that the rules admit, and the failure detector
//! hears only of those who entered: so a member of another cluster is never even probed.

mod claims;
mod entry;
mod place;
mod rules;
mod upkeep;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::claims::Claims;
use super::conflict::Conflict;
use super::identity::Identity;
use super::wire::{Intent, IntentKind, Line};
use crate::types::{Announcement, ClusterId, Member, MemberStatus, NodeId, NodeName};
pub(crate) use entry::Entry;
pub(crate) use upkeep::Chores;

/// What became of a word or an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It was not known: pass it on.
    New,
    /// It was known, or something newer was.
    Old,
}

/// All members that are known, this agent included.
#[derive(Debug)]
pub(crate) struct Table {
    own: NodeId,
    entries: BTreeMap<NodeId, Entry>,
    /// Names in lower case with who goes by them, so that a large merge stays cheap.
    names: BTreeSet<(String, NodeId)>,
    /// The cluster of this agent, or, while it is blank, of the members in its list.
    cluster: Option<ClusterId>,
    now: Instant,
    changed: bool,
    feed: Vec<foca::Member<Identity>>,
    conflicts: Vec<Conflict>,
    stranger: Option<Identity>,
    refute: bool,
    claims: Claims,
    /// How long a failed member is kept.
    failed_kept: Duration,
}

impl Table {
    /// A table that holds this agent alone.
    pub(crate) fn new(says: Announcement, now: Instant, failed_kept: Duration) -> Self {
        let own = says.node_id;
        let mut table = Self {
            own,
            entries: BTreeMap::new(),
            names: BTreeSet::new(),
            cluster: says.cluster,
            now,
            changed: true,
            feed: Vec::new(),
            conflicts: Vec::new(),
            stranger: None,
            refute: false,
            claims: Claims::default(),
            failed_kept,
        };
        table.put(says, 0);
        table
    }

    /// Sets the time that the following calls happen at.
    pub(crate) const fn set_now(&mut self, now: Instant) {
        self.now = now;
    }

    /// This agent's node id.
    pub(crate) const fn own(&self) -> NodeId {
        self.own
    }

    /// The cluster whose members are admitted: this agent's, or while it is blank that of its
    /// list.
    pub(crate) const fn cluster(&self) -> Option<ClusterId> {
        self.cluster
    }

    /// One member's entry.
    pub(crate) fn get(&self, node_id: NodeId) -> Option<&Entry> {
        self.entries.get(&node_id)
    }

    /// All entries, forgotten ones included.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Everybody else whom the failure detector takes for alive.
    pub(crate) fn alive_others(&self) -> impl Iterator<Item = &Entry> {
        self.iter()
            .filter(|entry| entry.says.node_id != self.own && !entry.is_down())
    }

    /// The members that others see: forgotten ones are not among them.
    fn shown(&self) -> impl Iterator<Item = &Entry> {
        self.iter().filter(|entry| !entry.is_forgotten())
    }

    /// How many members of its list have a status that the test holds for.
    pub(crate) fn count(&self, is_counted: impl Fn(MemberStatus) -> bool) -> usize {
        self.shown()
            .filter(|entry| is_counted(entry.status()))
            .count()
    }

    /// The list for others to see, sorted by name.
    pub(crate) fn members(&self) -> Vec<Member> {
        let mut members: Vec<Member> = self
            .shown()
            .map(|entry| Member {
                says: Arc::clone(&entry.says),
                status: entry.status(),
            })
            .collect();
        members.sort_unstable_by(|a, b| by_name(a).cmp(&by_name(b)));
        members
    }

    /// Everything this agent knows, in the form of a push/pull.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line> {
        self.iter().map(|entry| entry.line(self.now))
    }

    /// Replaces this agent's own word.
    pub(crate) fn set_own(&mut self, says: Announcement) {
        if let Some(entry) = self.entries.get_mut(&self.own) {
            entry.says = Arc::new(says);
            self.changed = true;
        }
    }

    /// Hears a word, from its speaker or passed on.
    ///
    /// # Errors
    /// The rules do not admit it; nothing changed.
    pub(crate) fn hear(
        &mut self,
        says: Announcement,
        renewal: u32,
    ) -> Result<Heard, Box<Conflict>> {
        self.place(says, renewal, foca::State::Alive)
    }

    /// Hears all that another member knows of a member.
    ///
    /// # Errors
    /// The rules do not admit it; nothing changed.
    pub(crate) fn hear_line(&mut self, line: Line) -> Result<Heard, Box<Conflict>> {
        let identity = line.identity();
        let is_known = self.entries.contains_key(&identity.node_id);
        let is_down = line.state == foca::State::Down;
        if is_down && !is_known && self.is_past(&line) {
            return Ok(Heard::Old);
        }
        let heard = self.place(line.says, line.renewal, line.state)?;
        if let (false, true, Some(entry)) =
            (is_known, is_down, self.entries.get_mut(&identity.node_id))
        {
            entry.backdate(line.down_for_s);
        }
        if self.admits(&identity) && self.is_worth_telling(&identity, line.incarnation, line.state)
        {
            self.feed
                .push(foca::Member::new(identity, line.incarnation, line.state));
        }
        match line.intent.map(|intent| self.hear_intent(intent)) {
            Some(Heard::New) => Ok(Heard::New),
            Some(Heard::Old) | None => Ok(heard),
        }
    }

    /// Hears an intent. One about a member that is not known says nothing.
    pub(crate) fn hear_intent(&mut self, intent: Intent) -> Heard {
        let own = self.own;
        let Some(entry) = self.entries.get_mut(&intent.node_id) else {
            return Heard::Old;
        };
        if intent.life < entry.life() {
            return Heard::Old;
        }
        if intent.node_id == own {
            // Somebody else wants this living agent gone: it says that it is here.
            let is_mine = entry.intent == Some(intent);
            self.refute |= !is_mine && entry.status() == MemberStatus::Alive;
            return Heard::Old;
        }
        if entry.intent.is_some_and(|known| !intent.is_newer(&known)) {
            return Heard::Old;
        }
        entry.intent = Some(intent);
        self.changed = true;
        Heard::New
    }

    /// Takes down what this agent itself intends.
    pub(crate) fn intend_own(&mut self, kind: IntentKind) -> Option<Intent> {
        let entry = self.entries.get_mut(&self.own)?;
        let intent = Intent {
            node_id: self.own,
            life: entry.life(),
            kind,
        };
        entry.intent = Some(intent);
        self.changed = true;
        Some(intent)
    }

    /// Takes over what the failure detector thinks of another member. One that comes back while
    /// somebody else goes by its name is a conflict to report: it needs no new word to return, so
    /// the rules do not see it.
    pub(crate) fn observe(&mut self, identity: &Identity, incarnation: u16, state: foca::State) {
        if identity.node_id == self.own || !self.admits(identity) {
            return;
        }
        let now = self.now;
        let Some(entry) = self.entries.get_mut(&identity.node_id) else {
            return;
        };
        let was_down = entry.is_down();
        self.changed |= entry.observe(identity.life.renewal, incarnation, state, now);
        let is_down = entry.is_down();
        if was_down && !is_down {
            let says = Arc::clone(&entry.says);
            self.conflicts
                .extend(self.admit_name(&says).err().map(|conflict| *conflict));
        }
        if !was_down && is_down {
            self.grant_claim(identity.node_id);
        }
    }

    /// Takes over how the failure detector presents this agent itself.
    pub(crate) fn observe_own(&mut self, renewal: u32, state: foca::State) {
        let now = self.now;
        if let Some(entry) = self.entries.get_mut(&self.own) {
            self.changed |= entry.observe(renewal, 0, state, now);
        }
    }

    /// Takes over the failure detector's counter of the suspicions that this agent refuted.
    pub(crate) fn observe_own_incarnation(&mut self, incarnation: u16) {
        if let Some(entry) = self.entries.get_mut(&self.own) {
            entry.incarnation = incarnation;
        }
    }

    /// This agent's counter of refuted suspicions.
    pub(crate) fn own_incarnation(&self) -> u16 {
        self.get(self.own).map_or(0, |entry| entry.incarnation)
    }

    /// The next live member in the order of node ids, the first one after the last; nobody unless
    /// at least that many others live.
    pub(crate) fn successor(&self, least: usize) -> Option<Identity> {
        if self.alive_others().take(least).count() < least {
            return None;
        }
        let mut after = self
            .alive_others()
            .filter(|entry| entry.says.node_id > self.own);
        let next = after.next().or_else(|| self.alive_others().next());
        next.map(Entry::identity)
    }

    /// Says whether this identity is the one that a known member announced. Anything else is a
    /// stranger to the failure detector: a newer life whose word has not come yet, an older one
    /// that is over, or somebody who was refused.
    pub(crate) fn admits(&self, identity: &Identity) -> bool {
        self.get(identity.node_id).is_some_and(|entry| {
            entry.says.generation == identity.life.generation
                && entry.says.gossip_addr == identity.addr
        })
    }

    /// Remembers somebody who speaks without having been admitted.
    pub(crate) const fn note_stranger(&mut self, identity: Identity) {
        self.stranger = Some(identity);
    }

    /// Remembers a conflict for the report.
    pub(crate) fn note_conflict(&mut self, conflict: Conflict) {
        self.conflicts.push(conflict);
    }
}

/// The order of the list for others.
pub(crate) fn by_name(member: &Member) -> (&NodeName, NodeId) {
    (&member.says.name, member.says.node_id)
}

fn name_key(says: &Announcement) -> (String, NodeId) {
    (says.name.as_str().to_ascii_lowercase(), says.node_id)
}
