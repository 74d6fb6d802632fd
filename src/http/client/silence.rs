//! Tells an agent that takes its time from one that hangs.
//!
//! How long an answer may take depends on what was asked: a leave, a join or a read that waits takes as
//! long as it takes, and `rpc_hold_timeout` is the agent's to choose. So no request has a limit of its
//! own. A request that takes long has the agent asked, on another connection, for what it answers at
//! once; one that is silent there too hangs.

use std::time::Duration;

use tokio::time::timeout;

/// How long an agent may be silent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// How long a request waits for the beginning of its answer before the agent is asked whether it
    /// lives, and again from then on.
    pub(super) before_asking: Duration,
    /// How long that answer may take, of which nothing is awaited but that it is there.
    pub(super) to_say_it_lives: Duration,
}

impl Patience {
    /// Chosen: an agent holds a request for 7 s while nobody leads, so that one which does well is
    /// mostly asked once; and one that needs 4 s more for an answer that costs it nothing is of no use.
    pub(super) const USUAL: Self = Self {
        before_asking: Duration::from_secs(8),
        to_say_it_lives: Duration::from_secs(4),
    };

    /// How long a silent agent is waited for in all.
    pub(super) const fn whole(self) -> Duration {
        self.before_asking.saturating_add(self.to_say_it_lives)
    }

    /// Does something that the agent's answer ends; none if the agent is silent. `lives` ends as soon
    /// as the agent has answered in whatever way, or has refused.
    pub(super) async fn with<T>(
        self,
        work: impl Future<Output = T>,
        lives: impl AsyncFn(),
    ) -> Option<T> {
        tokio::pin!(work);
        loop {
            if let Ok(done) = timeout(self.before_asking, &mut work).await {
                return Some(done);
            }
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                asked = timeout(self.to_say_it_lives, lives()) => {
                    asked.ok()?;
                }
            }
        }
    }
}
