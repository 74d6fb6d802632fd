//! Watching a thing that must hold all the time.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// How often is looked. A shorter time would show more and cost agents that are watched together
/// their machine.
const EVERY: Duration = Duration::from_secs(1);

/// Fewer looks than one in so many seconds are no watch.
const SECONDS_PER_LOOK_MAX: u64 = 10;

/// Looks until a span is over, and once at least; a look fails when what must hold does not.
pub(crate) async fn throughout<F>(span: Duration, mut look: impl FnMut() -> F)
where
    F: Future<Output = ()>,
{
    let end = Instant::now() + span;
    let mut tick = tokio::time::interval(EVERY);
    let mut looks = 0_u64;
    while looks == 0 || Instant::now() < end {
        tick.tick().await;
        look().await;
        looks += 1;
    }
    assert!(
        looks * SECONDS_PER_LOOK_MAX >= span.as_secs(),
        "{looks} looks in {span:?}"
    );
}

/// How often a pulse beats.
const BEAT: Duration = Duration::from_millis(50);

/// Whether this machine went on all the time, as this process sees it: on one that stood still for a
/// second, leaders lose their followers, and it is nobody's fault. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Pulse {
    longest_ms: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Pulse {
    pub(crate) fn start() -> Self {
        let longest_ms = Arc::<AtomicU64>::default();
        let seen = Arc::clone(&longest_ms);
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(BEAT);
            loop {
                let before = Instant::now();
                tick.tick().await;
                let passed = u64::try_from(before.elapsed().as_millis()).unwrap();
                seen.fetch_max(passed, Ordering::Relaxed);
            }
        });
        Self { longest_ms, task }
    }

    /// The longest time between two beats so far.
    pub(crate) fn longest(&self) -> Duration {
        Duration::from_millis(self.longest_ms.load(Ordering::Relaxed))
    }
}
