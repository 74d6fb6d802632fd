//! Watching a thing that must hold all the time.

use std::future::Future;
use std::time::{Duration, Instant};

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
