//! Push/pull: two members show each other their whole lists.
//!
//! The partner himself is checked first, and a conflict with him refuses the exchange on both
//! sides. What he says of others is then merged whole; a line that the rules do not admit is left
//! out and reported, and disturbs nobody else.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::{Machine, Phase};
use crate::gossip::conflict::{Conflict, ConflictKind};
use crate::gossip::error::GossipError;
use crate::gossip::table::Heard;
use crate::gossip::wire::{Line, Message, News, Picture};
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
        Some(Message::Picture(Box::new(Picture { from, others })))
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
        if let Err(conflict) = self.merge(picture) {
            self.count_refused(conflict.kind);
            self.note_conflict(now, (*conflict).clone());
            self.settle(now);
            return Message::Refused(conflict);
        }
        self.settle(now);
        self.picture().unwrap_or(Message::Leaving)
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
            Message::Refused(conflict) => Box::new(seen_from_here(*conflict)),
            Message::Picture(_) if self.phase == Phase::Gone => {
                return Err(GossipError::Stopped);
            }
            Message::Picture(picture) => {
                let node_id = picture.from.says.node_id;
                match self.merge(*picture) {
                    Ok(()) => {
                        self.settle(now);
                        return Ok(Partner::Other(node_id));
                    }
                    Err(conflict) => conflict,
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

    /// Counts an exchange that came to nothing.
    pub(crate) const fn count_failed_exchange(&mut self) {
        let counter = &mut self.counters.exchanges_failed;
        *counter = counter.saturating_add(1);
    }

    /// Counts an exchange that this agent refused.
    const fn count_refused(&mut self, kind: ConflictKind) {
        if matches!(kind, ConflictKind::Cluster | ConflictKind::AmbiguousCluster) {
            self.counters.turned_cluster = self.counters.turned_cluster.saturating_add(1);
        }
        self.count_failed_exchange();
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
    fn merge(&mut self, picture: Picture) -> Result<(), Box<Conflict>> {
        let mut news = Vec::new();
        {
            let mut table = self.table.lock();
            table.admit_partner(&picture.from.says)?;
            let from = Line {
                state: foca::State::Alive,
                ..picture.from
            };
            for line in std::iter::once(from).chain(picture.others) {
                let node_id = line.says.node_id;
                match table.hear_line(line) {
                    Ok(Heard::New) => news.push(node_id),
                    Ok(Heard::Old) => {}
                    Err(conflict) => table.note_conflict(*conflict),
                }
            }
        }
        self.counters.exchanges = self.counters.exchanges.saturating_add(1);
        for node_id in news {
            self.pass_on(node_id);
        }
        Ok(())
    }

    /// Queues what is known of a member for those who were not part of the exchange.
    fn pass_on(&mut self, node_id: NodeId) {
        let Some((says, renewal, intent)) = self
            .table
            .lock()
            .get(node_id)
            .map(|entry| (entry.says.clone(), entry.renewal, entry.intent))
        else {
            return;
        };
        self.spread(&News::Says { says, renewal });
        if let Some(intent) = intent {
            self.spread(&News::Intent(intent));
        }
    }
}

/// A refusal names the refused as `theirs`; seen from the refused it is the other way round.
fn seen_from_here(conflict: Conflict) -> Conflict {
    Conflict {
        kind: conflict.kind,
        ours: conflict.theirs,
        theirs: conflict.ours,
        own: true,
    }
}
