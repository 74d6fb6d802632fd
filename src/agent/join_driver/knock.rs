//! The pause before a source's next attempt, which ends early when somebody answers where nobody
//! did.
//!
//! A backoff spares vendors and crowds; it must not keep an agent waiting for half a minute after
//! the servers are back. So whoever sleeps knocks at the addresses at which no connection came
//! about, and at no others: where somebody refused, the backoff holds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::Done;
use super::work::draw;
use crate::host::Host;
use crate::join::{Event, Token, Window};

/// The pause between two rounds of knocking. Chosen: an agent shall serve within 2 s after a fault
/// is mended (demand study, A10), and a crowd that waits shall not come within one blink.
const EVERY: Window = Window {
    from: Duration::from_millis(500),
    to: Duration::from_millis(1_500),
};
/// How long an address may take to answer a knock. Chosen: far more than a round trip.
const WITHIN: Duration = Duration::from_millis(500);
/// How many addresses are knocked at in one round; the others' turn comes in the next.
const AT_ONCE: usize = 16;

/// Sleeps for a pause, or until somebody answers at one of the silent addresses.
pub(super) async fn sleep(
    token: Token,
    pause: Duration,
    silent: Vec<SocketAddr>,
    host: Arc<dyn Host>,
) -> Done {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = answered(silent, &*host) => {}
    }
    Done {
        event: Event::Woke(token),
        detail: None,
    }
}

/// Returns once a connection to one of the addresses comes about; never without addresses.
async fn answered(mut silent: Vec<SocketAddr>, host: &dyn Host) {
    if silent.is_empty() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(draw(EVERY)).await;
        let knocks = silent.iter().take(AT_ONCE);
        let knocks = knocks.map(|addr| timeout(WITHIN, host.connect(*addr)));
        let answers = futures_util::future::join_all(knocks).await;
        if answers.iter().any(|answer| matches!(answer, Ok(Ok(_)))) {
            return;
        }
        let turn = AT_ONCE.min(silent.len());
        silent.rotate_left(turn);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::TcpListener;

    use tokio::time::Instant;

    use super::*;
    use crate::host::Real;
    use crate::join::{Action, Engine, Kind, Policy};

    const LONG: Duration = Duration::from_hours(1);

    /// The name of some work.
    pub(in crate::agent::join_driver) fn token() -> Token {
        let engine = Engine::new(Policy::default(), [Kind::Retry]);
        let (_, actions) = engine.handle(Event::Started);
        let resolve = actions.into_iter().find_map(|action| match action {
            Action::Resolve { token, .. } => Some(token),
            _ => None,
        });
        resolve.unwrap()
    }

    fn free() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    }

    #[tokio::test]
    async fn a_pause_ends_when_somebody_listens_where_nobody_did() {
        let (silent, other) = (free(), free());
        let sleeping = sleep(token(), LONG, vec![other, silent], Arc::new(Real));
        let sleeping = timeout(Duration::from_secs(40), sleeping);
        let listening = async {
            let listener = TcpListener::bind(silent).unwrap();
            std::future::pending::<()>().await;
            drop(listener);
        };
        tokio::select! {
            done = sleeping => assert_eq!(done.unwrap().event, Event::Woke(token())),
            () = listening => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_without_silent_addresses_and_one_with_lasts_its_time() {
        for silent in [Vec::new(), vec![free()]] {
            let begun = Instant::now();
            let pause = Duration::from_secs(20);
            sleep(token(), pause, silent, Arc::new(Real)).await;
            assert_eq!(begun.elapsed().as_secs(), 20);
        }
    }
}
