//! Who speaks of a cluster to a blank agent before its own sources had a word.
//!
//! He may be after whoever had this address before, and be of another cluster than the one that the
//! agent is meant for; somebody blank may have called first, and have found that cluster since. So
//! nobody of a cluster enters the list, but by a join, until the own sources have been heard, or had
//! their time: if they led to a cluster, what others said is forgotten, else it is heard then. What
//! waits counts at once as the word that a cluster exists, against which none is founded (design,
//! section 5, rule 1).

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::Machine;
use crate::gossip::swim;
use crate::gossip::wire::{Line, News, Picture};
use crate::types::{Announcement, ClusterId};

/// The most clusters of which something waits; two already mean that none is joined.
const CLUSTERS_MAX: usize = 4;

/// The most members of a list that wait; the others come with the next exchange.
const LINES_MAX: usize = 64;

/// What waits, the newest word of each cluster. Nothing ever does unless it was reserved.
#[derive(Debug, Default)]
pub(super) struct Early {
    is_reserved: bool,
    waiting: BTreeMap<ClusterId, Picture>,
}

impl Machine {
    /// Lets what others say of clusters wait from now on.
    pub(crate) const fn reserve(&mut self) {
        self.early.is_reserved = true;
    }

    /// Its own sources have been heard, or have had their time.
    pub(crate) fn open(&mut self, now: Instant) {
        let is_wanted = self.is_waiting();
        let Early { waiting, .. } = std::mem::take(&mut self.early);
        if !is_wanted {
            return;
        }
        self.begin(now);
        for picture in waiting.into_values() {
            self.meet(now, &picture.from);
            if let Err(conflict) = self.merge(now, picture) {
                self.count_refused(conflict.kind);
                self.note_conflict(now, *conflict);
            }
        }
        self.settle(now);
    }

    /// The clusters that others told of while this agent is blank, also those whose members are not in
    /// its list: what they say waits, or one of the two refused the other.
    pub(crate) fn heard_of(&mut self, now: Instant) -> BTreeSet<ClusterId> {
        if self.own.cluster.is_some() {
            return BTreeSet::new();
        }
        let mut told: BTreeSet<ClusterId> = self.torn.clusters(now).collect();
        told.extend(self.table.lock().claiming_clusters());
        if self.is_waiting() {
            told.extend(self.early.waiting.keys());
        }
        told
    }

    /// No cluster is known here, and the own sources have not been heard.
    pub(super) fn is_waiting(&self) -> bool {
        self.early.is_reserved && self.table.lock().cluster().is_none()
    }

    /// Somebody shows a list with a cluster too early. One who speaks in this agent's very name is
    /// heard: the two must know of each other.
    pub(super) fn is_early(&self, picture: &Picture) -> bool {
        self.is_waiting()
            && picture.from.says.node_id != self.own.node_id
            && cluster_of(picture).is_some()
    }

    /// Lets a list wait, of the others in it only so many as show the cluster.
    pub(super) fn postpone(&mut self, mut picture: Picture) {
        picture.others.retain(|line| line.says.cluster.is_some());
        picture.others.truncate(LINES_MAX);
        let waiting = &mut self.early.waiting;
        if let Some(cluster) = cluster_of(&picture)
            && (waiting.contains_key(&cluster) || waiting.len() < CLUSTERS_MAX)
        {
            waiting.insert(cluster, picture);
        }
    }

    /// Lets the words in a datagram wait.
    pub(super) fn postpone_news(&mut self, payload: &[u8]) {
        for news in swim::read_news(payload, self.own.node_id) {
            if let News::Says { says, renewal } = news {
                self.postpone_word(says, renewal);
            }
        }
    }

    /// Lets a word wait that tells of a cluster of which no list does.
    pub(super) fn postpone_word(&mut self, says: Announcement, renewal: u32) {
        let is_told = |cluster| self.early.waiting.contains_key(&cluster);
        if !says.cluster.is_none_or(is_told) {
            let from = Line::alive(says, renewal);
            let others = Vec::new();
            self.postpone(Picture { from, others });
        }
    }
}

/// The cluster that a list tells of: that of whoever shows it, or of a living one in it.
fn cluster_of(picture: &Picture) -> Option<ClusterId> {
    let others = picture.others.iter();
    let living = others.filter(|line| line.state != foca::State::Down);
    let mut told = living.filter_map(|line| line.says.cluster);
    picture.from.says.cluster.or_else(|| told.next())
}
