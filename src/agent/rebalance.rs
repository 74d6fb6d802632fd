//! Asks the servers how they do, so that a client asks a near one that works (agent reference,
//! 3.1): when servers come or go, and every two to three minutes.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use tokio::time::{Instant, sleep, timeout_at};

use super::route::Router;
use crate::gossip::Gossip;

/// Least pause between two rounds (Consul's).
const ROUND_EVERY: Duration = Duration::from_mins(2);
/// Up to as much is added (Consul's).
const ROUND_JITTER: Duration = Duration::from_mins(1);
/// After servers came or went, clients ask within this time, each at its own moment. Chosen:
/// soon enough that a new server gets its share, late enough that it is not run over.
const CHANGE_JITTER: Duration = Duration::from_secs(5);

/// Runs until the agent stops.
#[expect(clippy::infinite_loop, reason = "the task set ends it with the agent")]
pub(super) async fn run(router: Arc<Router>, gossip: Gossip) {
    loop {
        router.servers_known().await;
        router.take_pulses().await;
        let round = Instant::now() + ROUND_EVERY + up_to(ROUND_JITTER);
        let known = router.servers();
        let mut members = gossip.watch();
        let changed = async {
            while router.servers() == known {
                if members.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            sleep(up_to(CHANGE_JITTER)).await;
        };
        let _either_is_a_reason = timeout_at(round, changed).await;
    }
}

fn up_to(most: Duration) -> Duration {
    most.mul_f64(rand::rng().random_range(0.0..=1.0))
}
