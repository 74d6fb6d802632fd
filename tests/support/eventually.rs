//! Waiting for what no event announces. The tests of two packages include this file by path.

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
