//! One member in the table, and the status that follows from what is known of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::gossip::identity::{Identity, Life};
use crate::gossip::wire::{Intent, IntentKind, Line};
use crate::types::{Announcement, MemberStatus};

/// One member.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its newest word.
    pub(crate) says: Arc<Announcement>,
    /// The renewal of its life.
    pub(crate) renewal: u32,
    /// Its counter of refuted suspicions.
    pub(crate) incarnation: u16,
    /// What the failure detector thinks of it.
    pub(crate) state: foca::State,
    /// The newest intent about it.
    pub(crate) intent: Option<Intent>,
    down_since: Option<Instant>,
    down_before: Duration,
}

impl Entry {
    /// A member that was just heard of, alive.
    pub(super) fn new(says: Announcement, renewal: u32) -> Self {
        Self {
            says: Arc::new(says),
            renewal,
            incarnation: 0,
            state: foca::State::Alive,
            intent: None,
            down_since: None,
            down_before: Duration::ZERO,
        }
    }

    /// The life that it is in.
    pub(crate) fn life(&self) -> Life {
        Life {
            generation: self.says.generation,
            renewal: self.renewal,
        }
    }

    /// Its identity in the failure detector.
    pub(crate) fn identity(&self) -> Identity {
        Identity::of(&self.says, self.renewal)
    }

    /// The failure detector took it for down.
    pub(crate) fn is_down(&self) -> bool {
        self.state == foca::State::Down
    }

    /// Says whether this word takes the member's node id to another address, in a newer life. One
    /// address is one process: a newer life where the old one was is a restart.
    pub(crate) fn is_claimed_by(&self, says: &Announcement) -> bool {
        !self.is_down()
            && says.generation != self.says.generation
            && says.gossip_addr != self.says.gossip_addr
    }

    /// An operator had it forgotten, and it did not come back.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.is_down() && self.meant() == Some(IntentKind::Prune)
    }

    /// How the list shows it. An intent of an operator takes hold of a member that is down and
    /// of no other: forcing a live member has no lasting effect (agent reference, 2.9).
    pub(crate) fn status(&self) -> MemberStatus {
        match (self.is_down(), self.meant()) {
            (false, Some(IntentKind::Leave)) => MemberStatus::Leaving,
            (false, Some(IntentKind::Forced | IntentKind::Prune) | None) => MemberStatus::Alive,
            (true, Some(_)) => MemberStatus::Left,
            (true, None) => MemberStatus::Failed,
        }
    }

    /// How long it has been down; zero while it is up.
    pub(crate) fn down_for(&self, now: Instant) -> Duration {
        self.down_since.map_or(Duration::ZERO, |since| {
            now.saturating_duration_since(since)
                .saturating_add(self.down_before)
        })
    }

    /// What a push/pull says of it. Begun seconds count as whole ones: cut off, each agent that
    /// hears of a member just before it forgets it would keep it for longer than the one before.
    pub(super) fn line(&self, now: Instant) -> Line {
        let down_for = self.down_for(now);
        let begun = u64::from(down_for.subsec_nanos() > 0);
        let down_for_s = down_for.as_secs().saturating_add(begun);
        Line {
            says: Announcement::clone(&self.says),
            renewal: self.renewal,
            incarnation: self.incarnation,
            state: self.state,
            intent: self.intent,
            down_for_s: u32::try_from(down_for_s).unwrap_or(u32::MAX),
        }
    }

    /// Takes over the failure detector's view; says whether that changed what the list shows.
    pub(super) fn observe(
        &mut self,
        renewal: u32,
        incarnation: u16,
        state: foca::State,
        now: Instant,
    ) -> bool {
        let before = self.status();
        (self.renewal, self.incarnation, self.state) = (renewal, incarnation, state);
        if self.is_down() {
            self.down_since.get_or_insert(now);
        } else {
            self.down_since = None;
            self.down_before = Duration::ZERO;
        }
        before != self.status()
    }

    /// Adds the time that it was down before this agent heard of it, as another member tells it.
    pub(super) fn backdate(&mut self, down_for_s: u32) {
        self.down_before = Duration::from_secs(u64::from(down_for_s));
    }

    /// What is meant for the life that it is in.
    fn meant(&self) -> Option<IntentKind> {
        let intent = self.intent.filter(|intent| intent.life >= self.life());
        intent.map(|intent| intent.kind)
    }
}
