//! What was turned away: counted, and reported when the operator can do something about it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::time::Instant;
use tracing::{debug, warn};

use super::Machine;
use crate::gossip::conflict::{Conflict, ConflictKind, Party};
use crate::gossip::swim::CodecError;
use crate::gossip::wire::Turned;

impl Machine {
    pub(super) fn count_unread(&mut self, from: SocketAddr, error: &foca::Error) {
        let counter = if is_of_stranger(error) {
            &mut self.counters.turned_stranger
        } else {
            &mut self.counters.turned_malformed
        };
        *counter = counter.saturating_add(1);
        debug!(addr = %from, %error, "datagram not read");
    }

    pub(super) fn turn_away(&mut self, now: Instant, from: SocketAddr, turned: Turned) {
        self.counters.count_turned(turned);
        if turned == Turned::OtherCluster {
            let conflict = self.cluster_conflict(from);
            // A blank agent calls nobody of another cluster: he may be after whoever had this address
            // before, and having met him would leave it between two clusters.
            let is_blank = self.own.cluster.is_none();
            if !is_blank && !self.conflicts.is_named(&conflict) {
                self.upkeep.note_foreigner(from);
            }
            self.note_conflict(now, conflict);
        } else if turned != Turned::Foreign && self.upkeep.may_grumble(now) {
            let reason = match turned {
                Turned::Plain => "it is plain and this pool is sealed",
                Turned::Sealed => "it is sealed and this agent has no key",
                Turned::Unopened | Turned::Foreign | Turned::OtherCluster => {
                    "it is sealed with another key"
                }
            };
            warn!(addr = %from, key = ?self.door.key(), reason, "datagram turned away");
        }
    }

    pub(super) fn cluster_conflict(&self, from: SocketAddr) -> Conflict {
        let kind = if self.own.cluster.is_some() {
            ConflictKind::Cluster
        } else {
            ConflictKind::AmbiguousCluster
        };
        let ours = Party {
            cluster: self.table.lock().cluster(),
            ..Party::from(&self.own)
        };
        Conflict {
            kind,
            ours,
            theirs: Party::unknown(from),
            own: true,
            refused_by: None,
        }
    }

    pub(super) fn note_conflict(&mut self, now: Instant, conflict: Conflict) {
        if let Some(seen) = self.conflicts.note(conflict, now) {
            let (code, conflict) = (seen.conflict.kind.code(), &seen.conflict);
            warn!(code, %conflict, count = seen.count, "member refused");
        }
        if let Some(list) = self.conflicts.publish(now) {
            self.effects.conflicts = Some(Arc::from(list));
        }
    }
}

fn is_of_stranger(error: &foca::Error) -> bool {
    match error {
        foca::Error::Decode(inner) => {
            matches!(inner.downcast_ref(), Some(CodecError::Stranger))
        }
        _ => false,
    }
}
