//! Where streams are that were accepted: first among those that have not said what they are, then
//! in their turn.
//!
//! Whoever opens streams and says nothing takes no turn from others, and when too many are silent
//! the one that has been so for longest goes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

/// How many streams that said what they are are served at once; the others wait (gossip study, 8).
const SERVED_MAX: usize = 64;

/// How many streams may be silent. Chosen: four times those that are served, and few descriptors.
const SILENT_MAX: usize = 256;

/// How many streams there may be at all.
pub(super) const STREAMS_MAX: usize = SILENT_MAX + 2 * SERVED_MAX;

/// The room of one listener.
#[derive(Debug)]
pub(super) struct Room {
    turns: Arc<Semaphore>,
    next: AtomicU64,
    /// By number, so the oldest first.
    silent: Mutex<BTreeMap<u64, Option<AbortHandle>>>,
}

/// A stream's place among the silent; given up when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    room: Arc<Room>,
    number: u64,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(SERVED_MAX)),
            next: AtomicU64::new(0),
            silent: Mutex::default(),
        }
    }

    /// A place for a stream that was accepted. The one that has been silent for longest ends if
    /// there would be too many.
    pub(super) fn seat(self: &Arc<Self>) -> Seat {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut silent = self.silent();
        if silent.len() >= SILENT_MAX
            && let Some((_, Some(oldest))) = silent.pop_first()
        {
            oldest.abort();
        }
        silent.insert(number, None);
        Seat {
            room: Arc::clone(self),
            number,
        }
    }

    /// Says which task has the place, unless that task has already left it.
    pub(super) fn taken(&self, number: u64, by: AbortHandle) {
        if let Some(place) = self.silent().get_mut(&number) {
            *place = Some(by);
        }
    }

    fn silent(&self) -> MutexGuard<'_, BTreeMap<u64, Option<AbortHandle>>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Leaves the silent and waits for its turn; none once the room is closed.
    pub(super) async fn turn(self) -> Option<OwnedSemaphorePermit> {
        let turns = Arc::clone(&self.room.turns);
        drop(self);
        turns.acquire_owned().await.ok()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.silent().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn who_has_been_silent_for_longest_goes_when_there_are_too_many() {
        let room = Arc::new(Room::new());
        let mut tasks = Vec::new();
        for _ in 0..SILENT_MAX + 2 {
            let seat = room.seat();
            let number = seat.number();
            let task = tokio::spawn(async move {
                pending::<()>().await;
                drop(seat);
            });
            room.taken(number, task.abort_handle());
            tasks.push(task);
        }
        let kept = tasks.split_off(2);
        for task in tasks {
            assert!(task.await.unwrap_err().is_cancelled());
        }
        assert!(kept.iter().all(|task| !task.is_finished()));
        assert_eq!(room.silent().len(), SILENT_MAX);
    }

    #[tokio::test]
    async fn who_says_what_it_is_leaves_the_silent_and_waits_for_its_turn() {
        let room = Arc::new(Room::new());
        let mut turns = Vec::new();
        for _ in 0..SERVED_MAX {
            turns.push(room.seat().turn().await.unwrap());
        }
        let seat = room.seat();
        room.taken(seat.number(), tokio::spawn(pending::<()>()).abort_handle());
        let mut next = Box::pin(seat.turn());
        assert!(next.as_mut().now_or_never().is_none());
        assert!(room.silent().is_empty());
        turns.pop();
        assert!(next.now_or_never().is_some());
    }
}
