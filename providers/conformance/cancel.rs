//! Dropping a lookup leaves nothing behind.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::stage::{LIMITS, Part, Stage};
use super::{Fault, Subject};

/// More polls than a lookup of two pages takes.
const POLLS_MAX: usize = 500;

/// Drops a lookup after one poll, after two, and so on, until one ends by itself.
pub(super) async fn check(subject: &Subject<'_>) -> Option<Fault> {
    let rule = "a lookup that is dropped leaves nothing behind";
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let tasks_before = tasks();
    for polls in 1..POLLS_MAX {
        let stage = Stage::new(subject.sample, Part::Good);
        let is_over = dropped_after(polls, subject, &stage).await;
        let open = stage.open();
        if open > 0 {
            let seen = format!("after {polls} polls, {open} requests");
            return Some(Fault::new(rule, seen));
        }
        if tasks() > tasks_before {
            let seen = format!("after {polls} polls, a task");
            return Some(Fault::new(rule, seen));
        }
        if is_over {
            return None;
        }
    }
    Some(Fault::new(
        "a lookup ends",
        format!("not after {POLLS_MAX} polls"),
    ))
}

/// Says whether it ended before it was dropped.
async fn dropped_after(polls: usize, subject: &Subject<'_>, stage: &Stage) -> bool {
    let mut lookup = pin!(subject.ask(&subject.text, stage, LIMITS));
    let mut polled = 0;
    poll_fn(|context| {
        polled += 1;
        match lookup.as_mut().poll(context) {
            Poll::Ready(_outcome) => Poll::Ready(true),
            Poll::Pending if polled >= polls => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
