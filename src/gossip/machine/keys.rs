//! The keys while the agent runs: others take their place, and who still uses the old ones is noted.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::Machine;
use crate::gossip::key::Fingerprint;
use crate::gossip::keys::{KeyUse, Keys, ShownKeys};

impl Machine {
    /// Goes by these keys from the next datagram and stream on. An agent that was started without
    /// one stays plain.
    pub(crate) fn renew_keys(&mut self, keys: Keys) {
        self.door.renew(keys);
        let shown = self.shown_keys();
        let accepted = shown.map_or_else(Vec::new, |shown| shown.accepted);
        self.key_uses
            .retain(|key, _| accepted.iter().any(|(accepted, _)| accepted == key));
    }

    /// What may be shown of the keys; none without any.
    pub(crate) fn shown_keys(&self) -> Option<ShownKeys> {
        Some(self.door.keys()?.shown(&self.key_uses))
    }

    /// Notes that somebody was heard thanks to a key which does not seal here.
    pub(crate) fn note_key_use(&mut self, now: Instant, from: SocketAddr, key: Fingerprint) {
        let before = self.key_uses.get(&key).map_or(0, |seen| seen.count);
        let seen = KeyUse {
            count: before.saturating_add(1),
            last: now,
            from,
        };
        self.key_uses.insert(key, seen);
        let counter = &mut self.counters.opened_by_accepted_key;
        *counter = counter.saturating_add(1);
    }
}
