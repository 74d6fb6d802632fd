//! News: words and intents that travel in datagrams, heard and passed on.

use std::collections::BTreeSet;

use super::Machine;
use crate::gossip::swim;
use crate::gossip::table::Heard;
use crate::gossip::wire::News;
use crate::types::{Announcement, NodeId};

impl Machine {
    /// Hears the news in a datagram, and queues for others what was new.
    pub(super) fn hear_news(&mut self, payload: &[u8]) {
        let mut fresh = BTreeSet::new();
        let is_waiting = self.is_waiting();
        for news in swim::read_news(payload, self.own.node_id) {
            let news = match news {
                News::Says { says, renewal } if is_waiting && says.cluster.is_some() => {
                    self.postpone_word(says, renewal);
                    continue;
                }
                news => news,
            };
            let mut table = self.table.lock();
            let (node_id, heard) = match news {
                News::Says { says, renewal } => (says.node_id, table.hear(says, renewal)),
                News::Intent(intent) => (intent.node_id, Ok(table.hear_intent(intent))),
            };
            match heard {
                Ok(Heard::New) => {
                    fresh.insert(node_id);
                }
                Ok(Heard::Old) => {}
                Err(conflict) => table.note_conflict(*conflict),
            }
        }
        for node_id in fresh {
            self.pass_on(node_id);
        }
    }

    /// Queues what is known of a member for those who were not part of the exchange. A word is
    /// heard as a sign of life, so that of a member that is down travels in lists only: passed on,
    /// it would bring the member back where it is forgotten by now.
    pub(super) fn pass_on(&mut self, node_id: NodeId) {
        let Some(entry) = self.table.lock().get(node_id).cloned() else {
            return;
        };
        if !entry.is_down() {
            let (says, renewal) = (Announcement::clone(&entry.says), entry.renewal);
            self.spread(&News::Says { says, renewal });
        }
        if let Some(intent) = entry.intent {
            self.spread(&News::Intent(intent));
        }
    }
}
