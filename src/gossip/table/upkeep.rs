//! What the table hands out after a change, and what it forgets with time.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Entry, Table, name_key};
use crate::gossip::conflict::{Conflict, Party};
use crate::gossip::identity::Identity;
use crate::gossip::wire::{Intent, IntentKind, Line};
use crate::types::{MemberStatus, NodeId};

/// How long a member that left stays in the list (Serf's `TombstoneTimeout`).
pub(crate) const LEFT_KEPT: Duration = Duration::from_hours(24);

/// What has to be carried out after the table changed.
#[derive(Debug, Default)]
pub(crate) struct Chores {
    /// What the failure detector has to hear.
    pub(crate) feed: Vec<foca::Member<Identity>>,
    /// What was refused.
    pub(crate) conflicts: Vec<Conflict>,
    /// Somebody spoke who was not admitted: ask him for his word.
    pub(crate) stranger: Option<Identity>,
    /// This agent was said to be gone: it has to say that it is not.
    pub(crate) refute: bool,
    /// Members that entered because a claim was granted: pass them on.
    pub(crate) granted: Vec<NodeId>,
    /// Somebody goes by this agent's own node id there: ask whether it lives.
    pub(crate) holder: Option<SocketAddr>,
    /// Homes of members that speak from elsewhere: ask whether they are still there.
    pub(crate) questions: Vec<(NodeId, SocketAddr)>,
}

impl Table {
    /// Takes what has to be carried out; the second call gives nothing.
    pub(crate) fn take_chores(&mut self) -> Chores {
        Chores {
            feed: std::mem::take(&mut self.feed),
            conflicts: std::mem::take(&mut self.conflicts),
            stranger: self.stranger.take(),
            refute: std::mem::take(&mut self.refute),
            granted: self.claims.take_granted(),
            holder: self.claims.take_holder(),
            questions: self.claims.take_questions(),
        }
    }

    /// Says whether anything changed since the last call, and brings the cluster of the list up
    /// to date.
    pub(crate) fn take_changed(&mut self) -> bool {
        if self.changed {
            self.cluster = self.find_cluster();
        }
        std::mem::take(&mut self.changed)
    }

    /// Forgets who has been down for long enough.
    pub(crate) fn reap(&mut self) {
        let (own, now) = (self.own, self.now);
        let is_over = |entry: &Entry| {
            let kept = self.kept(entry.status());
            entry.says.node_id != own && entry.is_down() && entry.down_for(now) >= kept
        };
        let over: Vec<NodeId> = self
            .iter()
            .filter(|entry| is_over(entry))
            .map(|entry| entry.says.node_id)
            .collect();
        for node_id in over {
            if let Some(entry) = self.entries.remove(&node_id) {
                self.names.remove(&name_key(&entry.says));
                self.claims.drop_of(node_id);
                self.changed = true;
            }
        }
    }

    /// Says whether a line about somebody unknown is about one that is reaped by now.
    pub(super) fn is_past(&self, line: &Line) -> bool {
        let mut entry = Entry::new(line.says.clone(), line.renewal);
        entry.observe(line.renewal, 0, line.state, self.now);
        entry.intent = line.intent;
        Duration::from_secs(u64::from(line.down_for_s)) >= self.kept(entry.status())
    }

    /// How long a member that is down is kept.
    const fn kept(&self, status: MemberStatus) -> Duration {
        match status {
            MemberStatus::Left => LEFT_KEPT,
            MemberStatus::Alive | MemberStatus::Leaving | MemberStatus::Failed => self.failed_kept,
        }
    }

    /// Everybody who failed, did not leave, and may come back.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &Entry> {
        self.iter()
            .filter(|entry| entry.status() == MemberStatus::Failed)
    }

    /// Forgets a member that was blank when it entered this list, and now says itself that it is of
    /// another cluster. Gives what has to be told to others.
    pub(crate) fn disown(&mut self, speaker: &Party) -> Option<NodeId> {
        let known = self.get(speaker.node_id?)?;
        let is_it = known.says.cluster.is_none()
            && Some(known.says.generation) == speaker.generation
            && known.says.gossip_addr == speaker.addr;
        if !is_it || known.says.node_id == self.own || speaker.cluster.is_none() {
            return None;
        }
        let node_id = known.says.node_id;
        self.forget(node_id);
        Some(node_id)
    }

    /// Forgets the members of other clusters than this agent's, which it met while it was blank. Gives
    /// what has to be told to others.
    pub(crate) fn shed_foreign(&mut self) -> Vec<NodeId> {
        let Some(ours) = self.get(self.own).and_then(|own| own.says.cluster) else {
            return Vec::new();
        };
        let is_foreign = |entry: &&Entry| entry.says.cluster.is_some_and(|theirs| theirs != ours);
        let foreign: Vec<NodeId> = self
            .iter()
            .filter(is_foreign)
            .map(|entry| entry.says.node_id)
            .collect();
        for node_id in &foreign {
            self.forget(*node_id);
        }
        foreign
    }

    /// Takes a member for down and forgotten, as by a prune.
    fn forget(&mut self, node_id: NodeId) {
        let Some((identity, life)) = self
            .get(node_id)
            .map(|entry| (entry.identity(), entry.life()))
        else {
            return;
        };
        self.release(&identity);
        self.hear_intent(Intent {
            node_id,
            life,
            kind: IntentKind::Prune,
        });
    }

    /// Makes the failed members of a name left ones, or has them forgotten; forgetting takes left
    /// ones too. Gives what has to be told to others, or nothing if nobody goes by the name.
    pub(crate) fn force_leave(&mut self, name: &str, prune: bool) -> Option<Vec<Intent>> {
        let named: Vec<NodeId> = self
            .iter()
            .filter(|entry| !entry.is_forgotten())
            .filter(|entry| entry.says.name.as_str().eq_ignore_ascii_case(name))
            .map(|entry| entry.says.node_id)
            .collect();
        if named.is_empty() {
            return None;
        }
        let kind = if prune {
            IntentKind::Prune
        } else {
            IntentKind::Forced
        };
        let down: Vec<Intent> = named
            .into_iter()
            .filter_map(|node_id| self.get(node_id))
            .filter(|entry| entry.is_down())
            .map(|entry| Intent {
                node_id: entry.says.node_id,
                life: entry.life(),
                kind,
            })
            .collect();
        for intent in &down {
            self.hear_intent(*intent);
        }
        Some(down)
    }
}
