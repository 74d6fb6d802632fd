//! Where streams are that were accepted: first among those that have not said what they are, then
//! in their turn.
//!
//! Whoever opens streams and says nothing takes no turn from others, and when too many are silent
//! the one that has been so for longest goes.

use std::collections::BTreeMap;
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
            silent: Mutex::default(),
        }
    }

    /// A place for a stream that was accepted. The one that has been silent for longest ends if
    /// there would be too many.
    pub(super) fn seat(self: &Arc<Self>) -> Seat {
        let mut silent = self.silent();
        let next = |last: (&u64, _)| last.0.saturating_add(1);
        let number = silent.last_key_value().map_or(0, next);
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
