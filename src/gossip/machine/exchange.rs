//! Push/pull: two members show each other their whole lists.
//!
//! The partner himself is checked first, and a conflict with him refuses the exchange on both
//! sides. What he says of others is then merged whole; a line that the rules do not admit is left
//! out and reported, and disturbs nobody else.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::{Machine, Phase};
use crate::gossip::conflict::{Conflict, ConflictKind, RefusedBy};
use crate::gossip::error::GossipError;
use crate::gossip::identity::Identity;
use crate::gossip::table::Heard;
use crate::gossip::wire::{Line, Message, Picture};
use crate::types::{Announcement, NodeId};

/// Who answered a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Partner {
    /// Another member; lists were exchanged.
    Other(NodeId),
    /// This agent itself.
    Own,
}

impl Machine {
    /// The list as it is shown to others. Nothing if this agent left.
    pub(crate) fn picture(&mut self) -> Option<Message> {
        if self.phase == Phase::Gone {
            return None;
        }
        self.observe();
        let table = self.table.lock();
        let own = table.own();
        let mut others: Vec<Line> = table.lines().collect();
        let place = others.iter().position(|line| line.says.node_id == own)?;
        let from = others.swap_remove(place);
        if self.counters.is_torn {
            others = self.torn_company();
        }
        Some(Message::Picture(Box::new(Picture { from, others })))
    }

    /// Says whether a list is for somebody else, who had this address before.
    pub(crate) fn is_other(&self, wanted: NodeId) -> bool {
        self.own.node_id != wanted
    }

    /// Answers somebody who shows his list.
    pub(crate) fn answer(&mut self, now: Instant, picture: Picture) -> Message {
        if self.phase != Phase::Here {
            return Message::Leaving;
        }
        if self.is_self(&picture.from.says) {
            return Message::Own;
        }
        self.begin(now);
        if picture.from.says.cluster.is_none() && self.is_torn(now) {
            return Message::Leaving;
        }
        if self.is_early(&picture) {
            self.postpone(picture);
            return Message::Early;
        }
        let found = self.table.lock().cluster();
        let is_foreign = |theirs| found.is_some_and(|found| found != theirs);
        // Whoever calls by himself does not bring an agent between two clusters that has found one.
        if !picture.from.says.cluster.is_some_and(is_foreign) {
            self.meet(now, &picture.from);
        }
        if let Err(conflict) = self.merge(now, picture) {
            self.count_refused(conflict.kind);
            self.count_failed_exchange();
            self.note_conflict(now, (*conflict).clone());
            self.settle(now);
            return Message::Refused(conflict);
        }
        self.settle(now);
        self.picture().unwrap_or(Message::Leaving)
    }

    /// Takes the answer to the own list that was shown on an errand, and not to join: it may come too
    /// early, and wait.
    ///
    /// # Errors
    /// As [`Self::take_answer`].
    pub(crate) fn take_answer_to_errand(
        &mut self,
        now: Instant,
        addr: SocketAddr,
        message: Message,
    ) -> Result<Partner, GossipError> {
        match message {
            Message::Picture(picture) if self.is_early(&picture) => {
                let partner = Partner::Other(picture.from.says.node_id);
                self.postpone(*picture);
                Ok(partner)
            }
            message => self.take_answer(now, addr, message),
        }
    }

    /// Takes the answer to the own list.
    ///
    /// # Errors
    /// One side refused the other, or the other is leaving; nothing was merged.
    pub(crate) fn take_answer(
        &mut self,
        now: Instant,
        addr: SocketAddr,
        message: Message,
    ) -> Result<Partner, GossipError> {
        self.begin(now);
        let refusal = match message {
            Message::Own => return Ok(Partner::Own),
            Message::Leaving => return Err(GossipError::LeavingThere { addr }),
            Message::Early => return Err(GossipError::Early { addr }),
            Message::Other => return Err(GossipError::Elsewhere { addr }),
            Message::Asked(..) => {
                return Err(GossipError::Malformed {
                    addr,
                    what: "answer",
                });
            }
            Message::Refused(conflict) => {
                let conflict = conflict.seen_from_the_refused();
                self.count_refused(conflict.kind);
                self.look_for_twin(&conflict);
                if conflict.refused_by == Some(RefusedBy::Other) {
                    self.disown(&conflict);
                }
                self.meet_refusal(now, &conflict);
                Box::new(conflict)
            }
            Message::Picture(_) if self.phase == Phase::Gone => {
                return Err(GossipError::Stopped);
            }
            Message::Picture(picture) => {
                let node_id = picture.from.says.node_id;
                self.meet(now, &picture.from);
                match self.merge(now, *picture) {
                    Ok(()) => {
                        self.settle(now);
                        return Ok(Partner::Other(node_id));
                    }
                    Err(conflict) => {
                        self.count_refused(conflict.kind);
                        conflict
                    }
                }
            }
        };
        self.note_conflict(now, (*refusal).clone());
        self.settle(now);
        Err(GossipError::Refused {
            addr,
            conflict: refusal,
        })
    }

    /// Counts an exchange that this agent asked for in vain; that keys differ counts on both sides.
    pub(crate) const fn count_failure(&mut self, error: &GossipError) {
        if matches!(
            error,
            GossipError::KeyMismatch { .. }
                | GossipError::KeyAbsentThere { .. }
                | GossipError::KeyMissing { .. }
        ) {
            let counter = &mut self.counters.turned_key;
            *counter = counter.saturating_add(1);
        }
        self.count_failed_exchange();
    }

    /// Counts an exchange that came to nothing.
    const fn count_failed_exchange(&mut self) {
        let counter = &mut self.counters.exchanges_failed;
        *counter = counter.saturating_add(1);
    }

    /// Counts an exchange that one side refused.
    pub(super) const fn count_refused(&mut self, kind: ConflictKind) {
        let counter = match kind {
            ConflictKind::Cluster | ConflictKind::AmbiguousCluster => {
                &mut self.counters.turned_cluster
            }
            ConflictKind::NodeId | ConflictKind::NodeName => &mut self.counters.turned_duplicate,
            ConflictKind::Datacenter => return,
        };
        *counter = counter.saturating_add(1);
    }

    /// Two blank agents may have met and gone to two clusters since: neither stays in the other's list.
    fn disown(&mut self, conflict: &Conflict) {
        if conflict.kind == ConflictKind::Cluster {
            let gone = self.table.lock().disown(&conflict.theirs);
            if let Some(node_id) = gone {
                self.pass_on(node_id);
            }
        }
    }

    /// A third one said that this agent's node id, or its name, lives elsewhere: whoever lives there
    /// must hear of it too, and says so himself.
    fn look_for_twin(&mut self, conflict: &Conflict) {
        if conflict.refused_by != Some(RefusedBy::Third) {
            return;
        }
        let addr = conflict.theirs.addr;
        match (conflict.kind, conflict.theirs.node_id) {
            (ConflictKind::NodeId, _) => self.table.lock().note_holder(addr),
            (ConflictKind::NodeName, Some(node_id)) => self.upkeep.note_namesake(addr, node_id),
            _ => {}
        }
    }

    /// How long a member has to answer a single question.
    pub(crate) const fn patience(&self) -> std::time::Duration {
        self.tuning.confirmation
    }

    /// The live member whose node id somebody, who shows himself, uses at another address.
    pub(crate) fn claimed(&self, picture: &Picture) -> Option<Identity> {
        self.table.lock().claimed(&picture.from.says)
    }

    /// Notes what came of asking that member: somebody else is there now, or nobody at all, or
    /// there was no answer, and the failure detector has to find out.
    pub(crate) fn judge_claim(&mut self, now: Instant, holder: &Identity, is_gone: bool) {
        self.begin(now);
        if is_gone {
            self.table.lock().release(holder);
        } else {
            self.table.lock().suspect(holder);
        }
        self.settle(now);
    }

    /// Remembers where others were in this agent's last life.
    pub(crate) fn remember_homes(&self, homes: &[(NodeId, SocketAddr)]) {
        self.table.lock().remember_homes(homes);
    }

    /// A member was asked at its home; what it said is merged.
    pub(crate) fn recalled(&mut self, now: Instant, node_id: NodeId) {
        self.begin(now);
        self.table.lock().leave_home(node_id);
        self.settle(now);
    }

    /// Counts a stream that is not of this protocol.
    pub(crate) const fn count_malformed_stream(&mut self) {
        let counter = &mut self.counters.turned_malformed;
        *counter = counter.saturating_add(1);
    }

    /// Counts a stream that is sealed differently; says whether that may be a line in the log.
    pub(crate) fn count_unheard_stream(&mut self, now: Instant) -> bool {
        let counter = &mut self.counters.turned_key;
        *counter = counter.saturating_add(1);
        self.upkeep.may_grumble(now)
    }

    /// It is this very process, reached at whatever address.
    fn is_self(&self, says: &Announcement) -> bool {
        (says.node_id, says.generation, says.gossip_addr)
            == (self.own.node_id, self.own.generation, self.own.gossip_addr)
    }

    /// Merges a whole list, partner first, and queues what was new for the others.
    pub(super) fn merge(&mut self, now: Instant, picture: Picture) -> Result<(), Box<Conflict>> {
        self.counters.is_torn = self.is_torn(now);
        if let Some(conflict) = self.torn_conflict(now, &picture.from) {
            return Err(conflict);
        }
        let mut news = Vec::new();
        let partner = picture.from.says.node_id;
        let admitted = self.table.lock().admit_partner(&picture.from.says);
        if let Err(conflict) = admitted {
            self.table.lock().hold_partner(picture.from);
            self.disown(&conflict);
            return Err(conflict);
        }
        {
            let mut table = self.table.lock();
            table.admit_company(&picture.from.says, &picture.others)?;
            for line in std::iter::once(picture.from).chain(picture.others) {
                let node_id = line.says.node_id;
                match table.hear_line(line) {
                    Ok(Heard::New) => news.push(node_id),
                    Ok(Heard::Old) => {}
                    Err(conflict) => table.note_conflict(*conflict),
                }
            }
        }
        self.counters.exchanges = self.counters.exchanges.saturating_add(1);
        if news.contains(&partner) {
            // We met just now: his pool may not know us, nor ours him.
            news.push(self.own.node_id);
        }
        for node_id in news {
            self.pass_on(node_id);
        }
        Ok(())
    }
}
