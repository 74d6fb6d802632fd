//! The task that reads datagrams and keeps the machine's time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};
use tracing::debug;

use super::Shell;
use crate::gossip::machine::Machine;
use crate::gossip::wire::DATAGRAM_BYTES_MAX;
use crate::host::Datagrams;

/// How many datagrams are read before the clock is looked at. Datagrams come first, so that the
/// answer to a probe that waits in the queue of a busy machine counts before its deadline does;
/// a flood must not stop the clock all the same.
const BURST: u32 = 64;

/// How long to wait after the system failed to read.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs until told to stop.
pub(crate) async fn run_datagrams(
    shell: Arc<Shell>,
    socket: Arc<dyn Datagrams>,
    mut stop: watch::Receiver<bool>,
) {
    // One byte more than is taken, so that a datagram that was cut shows.
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX + 1];
    let mut burst = 0;
    loop {
        if burst >= BURST {
            burst = 0;
            shell.step(Machine::wake);
        }
        let wake = shell.step(|machine, _| machine.next_wake());
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            received = socket.receive(&mut buffer) => {
                burst += 1;
                match received {
                    Ok((len, from)) => {
                        let datagram = buffer.get(..len).unwrap_or_default();
                        shell.step(|machine, now| machine.receive(now, from, datagram));
                    }
                    Err(error) => {
                        debug!(%error, "datagram not received");
                        sleep(PAUSE).await;
                    }
                }
            }
            () = sleep_until(wake) => {
                burst = 0;
                shell.step(Machine::wake);
            }
            () = shell.sooner.notified() => {}
        }
    }
}
