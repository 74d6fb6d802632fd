//! Worlds for the tests: real agents as real processes, each on a loopback address of its own.

mod agent;
mod cli;
mod clock;
mod cluster;
mod disk;
#[cfg(feature = "aws")]
#[expect(
    dead_code,
    reason = "the tests of the providers use more of the stand-in"
)]
pub(crate) mod ec2;
mod gate;
mod manager;
mod netns;
mod preload;
mod world;

pub(crate) use agent::Agent;
pub(crate) use cli::{Output, quorate};
pub(crate) use clock::Clock;
pub(crate) use cluster::{Cluster, SOON, all_vote, founding, vote};
pub(crate) use disk::{Errno, FaultyDisk};
pub(crate) use gate::{Door, Gate};
pub(crate) use manager::Manager;
pub(crate) use netns::Net;
pub(crate) use world::{STEADY, World};

use std::future::Future;
use std::time::Duration;

/// How long a test waits for what must happen; far above every target, so that only a hang fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// Asks again and again until the answer is there; fails with what was awaited.
///
/// For facts of another process that no event announces; the pause only keeps the machine free.
pub(crate) async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let found = tokio::time::timeout(PATIENCE, async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        loop {
            tick.tick().await;
            if let Some(found) = ask().await {
                return found;
            }
        }
    });
    found
        .await
        .unwrap_or_else(|_| panic!("did not happen within {PATIENCE:?}: {what}"))
}
