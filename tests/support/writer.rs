//! A client that writes while other things happen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{Agent, eventually};

/// Writes without a pause until told to stop; gives how many writes there were and which failed.
#[derive(Debug)]
pub(crate) struct Writer {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<Vec<String>>,
}

impl Writer {
    pub(crate) fn start(agent: Arc<Agent>) -> Self {
        let (stop, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let (until, count) = (Arc::clone(&stop), Arc::clone(&done));
        let task = tokio::spawn(async move {
            let mut failed = Vec::new();
            while !until.load(Ordering::SeqCst) {
                let (status, body) = agent.put("/v1/kv/steady", "1").await;
                if status != 200 {
                    failed.push(body);
                }
                count.fetch_add(1, Ordering::SeqCst);
            }
            failed
        });
        Self { stop, done, task }
    }

    /// Returns after some more writes.
    pub(crate) async fn more(&self) {
        let goal = self.done.load(Ordering::SeqCst) + 5;
        eventually("some more writes", || async {
            (self.done.load(Ordering::SeqCst) >= goal).then_some(())
        })
        .await;
    }

    pub(crate) async fn failures(self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap()
    }
}
