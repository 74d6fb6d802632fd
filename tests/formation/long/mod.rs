//! What takes minutes of waiting and little of a processor: conditions that hold for as long as the
//! demand study's scenarios say. `just long` runs all of it side by side; no other run does.

use tokio::sync::{Semaphore, SemaphorePermit};

mod clusters;
mod moved;
mod refresh;
mod replacement;
mod rounds;

/// How many of the many worlds may form or move at once, which is all that costs a processor.
static BUSY: Semaphore = Semaphore::const_new(3);

/// Waits for its turn to use the processor; the turn ends with what is given.
async fn turn() -> SemaphorePermit<'static> {
    BUSY.acquire().await.unwrap()
}
