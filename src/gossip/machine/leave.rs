//! Leaving: say so, wait until it is known, then go; and making others leave who cannot say it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use super::{Machine, Phase};
use crate::gossip::error::GossipError;
use crate::gossip::wire::{IntentKind, News};

/// How long the intent travels in a pool of two. Four quick rounds of gossip.
const NOTICE: Duration = Duration::from_millis(80);

/// What each doubling of the pool adds: one more round.
const NOTICE_PER_DOUBLING: Duration = Duration::from_millis(20);

/// Where to go with the intent besides gossip, and how long to wait before going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notice {
    /// A member to exchange lists with, so that one at least knows even if datagrams are lost.
    pub(crate) witness: Option<SocketAddr>,
    /// How long to wait. Nothing for an agent that is alone.
    pub(crate) wait: Duration,
}

impl Machine {
    /// Says that this agent leaves. Others show it as leaving, and what follows as no failure.
    /// A second call waits again, and changes nothing.
    pub(crate) fn begin_leave(&mut self, now: Instant) -> Notice {
        self.begin(now);
        if self.phase == Phase::Here {
            self.phase = Phase::Leaving;
            self.tell_intent();
        }
        self.settle(now);
        let others = self.swim.num_members();
        if others == 0 {
            return Notice {
                witness: None,
                wait: Duration::ZERO,
            };
        }
        let doublings = others.checked_ilog2().unwrap_or(0);
        Notice {
            witness: self.random_alive(),
            wait: NOTICE.saturating_add(NOTICE_PER_DOUBLING.saturating_mul(doublings)),
        }
    }

    /// Goes. The intent goes along once more, in the same datagrams, so that nobody hears of the
    /// end before the reason.
    pub(crate) fn finish_leave(&mut self, now: Instant) {
        if self.phase == Phase::Gone {
            return;
        }
        self.begin(now);
        self.tell_intent();
        if let Err(error) = self.swim.leave_cluster(&mut self.wishes) {
            debug!(%error, "failure detector refused to leave");
        }
        self.gossip();
        let renewal = self.swim.identity().life.renewal;
        self.table.lock().observe_own(renewal, foca::State::Down);
        self.phase = Phase::Gone;
        self.settle(now);
    }

    /// Says once more that this agent is gone, for those whom the first datagrams missed.
    pub(crate) fn repeat_leave(&mut self, now: Instant) {
        self.gossip();
        self.settle(now);
    }

    /// Makes a failed member a left one, or has it forgotten by everybody; one that left before
    /// can be forgotten too. A member that is alive is not disturbed.
    ///
    /// # Errors
    /// Nobody goes by that name.
    pub(crate) fn force_leave(
        &mut self,
        now: Instant,
        name: &str,
        prune: bool,
    ) -> Result<(), GossipError> {
        self.begin(now);
        let intents = self.table.lock().force_leave(name, prune);
        let intents = intents.ok_or_else(|| GossipError::UnknownName {
            name: name.to_owned(),
        })?;
        for intent in intents {
            self.spread(&News::Intent(intent));
        }
        self.settle(now);
        Ok(())
    }

    fn tell_intent(&mut self) {
        let intent = self.table.lock().intend_own(IntentKind::Leave);
        if let Some(intent) = intent {
            self.spread(&News::Intent(intent));
        }
    }
}
