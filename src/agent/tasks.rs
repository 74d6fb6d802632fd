//! The tasks of one agent: every one is named, stops with the agent, and never dies alone.
//!
//! A task that panics ends the agent with an error that names it; half an agent is worse than
//! none.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts tasks and tells them when to stop. Clones share one set.
#[derive(Debug, Clone)]
pub(super) struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    deaths: mpsc::Sender<String>,
}

impl Tasks {
    /// An empty set, and the end on which the name of a task that panicked arrives.
    pub(super) fn new() -> (Self, mpsc::Receiver<String>) {
        let (deaths, died) = mpsc::channel(1);
        let tasks = Self {
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            deaths,
        };
        (tasks, died)
    }

    /// Runs a future until it ends or the agent stops, whichever is first.
    pub(super) fn spawn(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let stop = self.stop.clone();
        self.spawn_to_end(name, async move {
            stop.run_until_cancelled(work).await;
        });
    }

    /// Runs a future that watches [`Self::stopping`] and ends by itself; a stop waits for it.
    pub(super) fn spawn_to_end(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let deaths = self.deaths.clone();
        self.tracker.spawn(async move {
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                // A full channel means that another death is already ending the agent.
                let _first_death_wins = deaths.try_send(name.to_owned());
            }
        });
    }

    /// The signal that the agent stops.
    pub(super) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Tells every task to stop and waits until the last has.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_reported_by_the_name_of_the_task() {
        let (tasks, mut died) = Tasks::new();
        tasks.spawn("doomed", async { panic!("on purpose") });
        assert_eq!(died.recv().await.as_deref(), Some("doomed"));
        tasks.stop().await;
    }

    #[tokio::test]
    async fn a_stop_ends_a_task_that_would_wait_for_ever() {
        let (tasks, _died) = Tasks::new();
        tasks.spawn("patient", std::future::pending());
        tasks.stop().await;
        assert!(tasks.stopping().is_cancelled());
    }
}
