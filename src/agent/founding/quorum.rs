//! Says on a server whose cluster has formed whether the voters for a leader are there.
//!
//! Only tells: what is lost with a majority of disks is never given up by itself (design,
//! section 5); [`autopilot`](crate::autopilot) judges, and a person decides.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{Founding, words};
use crate::agent::reconcile::{peers, servers};
use crate::autopilot::quorum_lost;
use crate::raft::Status;
use crate::types::ClusterId;
use crate::why::Said;

/// How often it is looked at: raft tells nobody that it hears nothing.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long there is no leader before voters are called missing. Chosen: three elections. A
/// leader that died is named for two seconds more, and the demand study (P8) wants a reason within
/// 10 s; with this it takes half of that.
const PATIENCE: Duration = Duration::from_secs(3);

impl Founding {
    /// Runs until the agent stops.
    #[expect(clippy::infinite_loop, reason = "the task set ends it with the agent")]
    pub(super) async fn watch_quorum(&self, cluster: ClusterId) {
        let mut led_at = Instant::now();
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            let status = self.rooms.raft.status();
            if status.leader.is_some() {
                led_at = Instant::now();
            }
            self.say(if led_at.elapsed() < PATIENCE {
                words::formed(cluster)
            } else {
                self.why_leaderless(cluster, &status)
            });
        }
    }

    fn why_leaderless(&self, cluster: ClusterId, status: &Status) -> Said {
        let members = self.rooms.gossip.members();
        match quorum_lost(&peers(status), &servers(&members), &self.deaf()) {
            Some(lost) => words::quorum_lost(&lost),
            // The leader that let this server in was lost before it could tell who votes.
            None if status.peers.is_empty() => words::joining(cluster, &members),
            None => words::leaderless(cluster, PATIENCE),
        }
    }
}
