//! Whether the server that was asked is still there.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::{Router, Try};
use crate::agent::servers::Pulse;
use crate::agent::wire::{Request, Response};

/// A server that takes longer to say how it does counts as silent. Chosen: far more than a busy
/// one takes.
const PULSE_WITHIN: Duration = Duration::from_secs(2);
/// A question that has no answer after so long is followed by a look whether its server answers at
/// all; the time doubles from look to look. Chosen: few reads take so long, and with the look it is
/// less than half of the time for which requests are held.
const LOOK_FIRST: Duration = Duration::from_secs(1);
/// No longer than this between two looks: a question that waits for a change may wait for minutes.
const LOOK_MAX: Duration = Duration::from_secs(30);

impl Router {
    /// Returns once a server that was asked is not there any more: gossip does not hold it for
    /// alive, or it answers no other question either. Gossip bears a process that stands still for
    /// longer than a request may wait.
    pub(super) async fn lost(&self, server: SocketAddr) {
        tokio::select! {
            () = self.gone(server) => {}
            () = self.silent(server) => {}
        }
    }

    async fn gone(&self, server: SocketAddr) {
        let mut members = self.gossip.watch();
        while self.servers().contains(&server) {
            if members.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    async fn silent(&self, server: SocketAddr) {
        let mut pause = LOOK_FIRST;
        loop {
            sleep(pause).await;
            if self.take_pulse(server).await.took.is_none() {
                return;
            }
            pause = (pause * 2).min(LOOK_MAX);
        }
    }

    /// Asks every known server how it does, all at once, and prefers the near ones that work.
    pub(in crate::agent) async fn take_pulses(&self) {
        let servers = self.servers();
        let pulses = servers.iter().map(|server| self.take_pulse(*server));
        let pulses = join_all(pulses).await;
        self.order.rank(pulses);
    }

    async fn take_pulse(&self, addr: SocketAddr) -> Pulse {
        let asked = Instant::now();
        let tried = self
            .send(addr, &Request::Leader, false, asked + PULSE_WITHIN)
            .await;
        let (is_led, answered) = match tried {
            Try::Answer(Response::Leader(leader)) => (leader.is_some(), true),
            _ => (false, false),
        };
        Pulse {
            addr,
            is_led,
            took: answered.then(|| asked.elapsed()),
        }
    }
}
