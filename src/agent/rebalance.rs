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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::route::tests::{FakeServer, client, router};

    /// Far more than a change or a round takes.
    const DEADLINE: Duration = Duration::from_mins(10);

    #[tokio::test]
    async fn all_servers_are_asked_how_they_do_soon_after_one_came() {
        let gossip = client();
        let router = Arc::new(router(&gossip, Duration::from_secs(7)));
        let rounds = tokio::spawn(run(router, gossip.clone()));
        let mut servers = Vec::new();
        for n in 1..=2 {
            servers.push(FakeServer::start(n, &gossip).await);
            for (times, server) in (1..).zip(servers.iter().rev()) {
                let mut asked = server.asked();
                let asked = asked.wait_for(|asked| *asked >= times);
                let soon = tokio::time::timeout(CHANGE_JITTER * 4, asked);
                assert!(soon.await.is_ok(), "{n} {times}");
            }
        }
        rounds.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_calm_client_asks_every_two_to_three_minutes_and_not_in_step() {
        let gossip = client();
        let server = FakeServer::start(1, &gossip).await;
        let mut asked = server.asked();
        let router = Arc::new(router(&gossip, Duration::from_secs(7)));
        let rounds = tokio::spawn(run(router, gossip.clone()));
        let mut times = Vec::new();
        for _ in 0..6 {
            let round = tokio::time::timeout(DEADLINE, asked.changed()).await;
            round.unwrap().unwrap();
            times.push(Instant::now());
        }
        rounds.abort();
        let gaps: Vec<Duration> = times.windows(2).map(|two| two[1] - two[0]).collect();
        let second = Duration::from_secs(1);
        let is_right = |gap: &Duration| {
            (ROUND_EVERY.saturating_sub(second)..ROUND_EVERY + ROUND_JITTER + second).contains(gap)
        };
        assert!(gaps.iter().all(is_right), "{gaps:?}");
        assert!(
            *gaps.iter().max().unwrap() > *gaps.iter().min().unwrap() + second,
            "{gaps:?}"
        );
    }
}
