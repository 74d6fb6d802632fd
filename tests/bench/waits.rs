//! What the bench `life` measures by: until a write is acknowledged, until none is seen alive any
//! more, and how long a writer waits at most.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::future::join;

use crate::rows::{until, until_every};
use crate::support::Agent;

/// How often a list of members is looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Pause of a writer after a write that failed.
const RETRY_EVERY: Duration = Duration::from_millis(1);
/// Code of a living member in lists.
pub(crate) const ALIVE: u64 = 1;

/// The time until none of the agents holds any of these for alive. (Consul's leader takes a failed
/// server out at once, which its list then shows as one that left.)
pub(crate) async fn seen_failed<'a>(
    by: impl Iterator<Item = &'a Agent>,
    names: &[String],
    since: Instant,
) -> f64 {
    for agent in by {
        let is_so = || async {
            let alive = agent.members(ALIVE).await;
            !alive.is_empty() && names.iter().all(|name| !alive.contains(name))
        };
        until_every(LOOK_EVERY, "seen failed", since, is_so).await;
    }
    since.elapsed().as_secs_f64()
}

pub(crate) async fn name_of(agent: &Agent) -> String {
    let own = agent.get_json("/v1/agent/self").await;
    own["Config"]["NodeName"].as_str().unwrap().to_owned()
}

/// Writes through an agent without a rest while something is done; gives the longest time between
/// two acknowledgements.
pub(crate) async fn longest_wait(through: &Agent, work: impl Future<Output = ()>) -> f64 {
    let end = Cell::new(false);
    let write = async {
        let (mut gap, mut last) = (Duration::ZERO, Instant::now());
        while !end.get() {
            if through.try_put("/v1/kv/life", "x").await == Some(200) {
                gap = gap.max(last.elapsed());
                last = Instant::now();
            } else {
                tokio::time::sleep(RETRY_EVERY).await;
            }
        }
        gap.max(last.elapsed()).as_secs_f64()
    };
    let work = async {
        work.await;
        end.set(true);
    };
    join(write, work).await.0
}

pub(crate) async fn write_through(servers: &[Agent], since: Instant) -> f64 {
    for server in servers {
        until("a write", since, || async {
            server.try_put("/v1/kv/bench", "x").await == Some(200)
        })
        .await;
    }
    since.elapsed().as_secs_f64()
}
