//! The tasks that accept streams and that open them on errands. Both do a bounded number at once;
//! whoever comes later waits for his turn (gossip study, 8).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::warn;

use super::Shell;
use super::exchange::{exchange, exchange_with_member, serve};
use super::waiting::{Room, STREAMS_MAX};
use crate::gossip::machine::{Answered, Errand};
use crate::host::{Listener, Refused};

/// How many errands are run at once.
const ERRANDS_AT_ONCE: usize = 8;

/// How long to wait when the system has no more descriptors to accept with.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts streams until told to stop.
pub(crate) async fn run_listener(
    shell: Arc<Shell>,
    listener: Box<dyn Listener>,
    mut stop: watch::Receiver<bool>,
) {
    let mut streams = JoinSet::new();
    let room = Arc::new(Room::new());
    let mut refused = Refused::default();
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            accepted = listener.accept(), if streams.len() < STREAMS_MAX => match accepted {
                Ok((stream, addr)) => {
                    let (shell, seat) = (Arc::clone(&shell), room.seat());
                    let number = seat.number();
                    let served =
                        streams.spawn(async move { serve(&shell, stream, addr, seat).await });
                    room.taken(number, served);
                }
                Err(error) => {
                    if let Some(count) = refused.tell() {
                        warn!(%error, count, "stream not accepted");
                    }
                    sleep(PAUSE).await;
                }
            },
            Some(_) = streams.join_next() => {}
        }
    }
}

/// Runs errands until told to stop.
pub(crate) async fn run_errands(
    shell: Arc<Shell>,
    mut errands: mpsc::Receiver<Errand>,
    mut stop: watch::Receiver<bool>,
) {
    let limits = shell.step(|machine, _| *machine.tuning());
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            Some(errand) = errands.recv(), if running.len() < ERRANDS_AT_ONCE => {
                let shell = Arc::clone(&shell);
                let (join, confirmation) = (limits.join_deadline, limits.confirmation);
                running.spawn(async move { run(&shell, errand, join, confirmation).await });
            }
            Some(_) = running.join_next() => {}
        }
    }
}

async fn run(shell: &Shell, errand: Errand, join: Duration, confirmation: Duration) {
    match errand {
        // Whatever comes of it is counted and logged where it happens.
        Errand::Exchange(addr) => drop(exchange(shell, addr, join).await),
        Errand::Meet(addr, node_id) => {
            drop(exchange_with_member(shell, (addr, node_id), join).await);
        }
        Errand::Recall(addr, node_id) => {
            drop(exchange_with_member(shell, (addr, node_id), confirmation).await);
            shell.step(|machine, now| machine.recalled(now, node_id));
        }
        Errand::Confirm(suspect) => {
            let ended =
                exchange_with_member(shell, (suspect.addr, suspect.node_id), confirmation).await;
            let answered = Answered::by(&suspect, &ended);
            if shell.step(|machine, now| machine.asked(now, &suspect, answered)) {
                let addr = suspect.addr;
                warn!(%addr, "member answers streams but no datagrams; is UDP blocked?");
            }
        }
    }
}
