//! Which server a client asks first: one that answers, and of those one that is near (agent
//! reference, 3.1).
//!
//! The order changes as servers come and go, when one fails, and every few minutes after all were
//! asked how they do. Servers that are equally near keep a random order, so that many clients
//! spread over them.

use std::cmp::Reverse;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::seq::SliceRandom as _;

/// Answers that differ by less come from equally near servers. Chosen: more than a datacenter's
/// network and a busy server make out of nothing.
const NEAR: Duration = Duration::from_millis(2);

/// What a server said when it was asked how it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pulse {
    /// The server.
    pub(super) addr: SocketAddr,
    /// It knows a leader.
    pub(super) is_led: bool,
    /// How long its answer took; none if none came.
    pub(super) took: Option<Duration>,
}

/// The servers in the order in which they are asked.
#[derive(Debug, Default)]
pub(super) struct Servers {
    order: Mutex<Vec<SocketAddr>>,
}

impl Servers {
    /// The server to ask, given those that are there now: those that went are forgotten, those
    /// that came get a random place.
    pub(super) fn first(&self, alive: &[SocketAddr]) -> Option<SocketAddr> {
        self.in_turn(alive, 1).first().copied()
    }

    /// As many servers, in the order in which to ask them; see [`Self::first`].
    pub(super) fn in_turn(&self, alive: &[SocketAddr], most: usize) -> Vec<SocketAddr> {
        let mut order = self.order();
        order.retain(|known| alive.contains(known));
        for addr in alive {
            if !order.contains(addr) {
                let place = rand::RngExt::random_range(&mut rand::rng(), 0..=order.len());
                order.insert(place, *addr);
            }
        }
        order.iter().take(most).copied().collect()
    }

    /// A server failed: it is asked last.
    pub(super) fn failed(&self, addr: SocketAddr) {
        let mut order = self.order();
        if order.first() == Some(&addr) {
            order.rotate_left(1);
        } else if let Some(place) = order.iter().position(|known| *known == addr) {
            let addr = order.remove(place);
            order.push(addr);
        }
    }

    /// Puts those first that know a leader, and of those the near ones; the silent ones last.
    pub(super) fn rank(&self, mut pulses: Vec<Pulse>) {
        pulses.shuffle(&mut rand::rng());
        let distance = |pulse: &Pulse| {
            let took = pulse.took.unwrap_or(Duration::MAX);
            (Reverse(pulse.is_led), took.as_millis() / NEAR.as_millis())
        };
        pulses.sort_by_key(distance);
        let mut order = self.order();
        let unasked: Vec<SocketAddr> = order
            .iter()
            .filter(|known| pulses.iter().all(|pulse| pulse.addr != **known))
            .copied()
            .collect();
        *order = pulses
            .iter()
            .map(|pulse| pulse.addr)
            .chain(unasked)
            .collect();
    }

    /// The lock is held for a look or a change only, never over an await.
    fn order(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn addr(n: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, n], 8300))
    }

    fn pulse(n: u8, is_led: bool, millis: Option<u64>) -> Pulse {
        Pulse {
            addr: addr(n),
            is_led,
            took: millis.map(Duration::from_millis),
        }
    }

    #[test]
    fn a_server_that_fails_is_asked_last_and_one_that_went_never() {
        let servers = Servers::default();
        let all = [addr(1), addr(2), addr(3)];
        let first = servers.first(&all).unwrap();
        servers.failed(first);
        let second = servers.first(&all).unwrap();
        assert_ne!(second, first);
        assert_eq!(servers.order().last(), Some(&first));
        let rest: Vec<SocketAddr> = all.into_iter().filter(|addr| *addr != second).collect();
        assert!(rest.contains(&servers.first(&rest).unwrap()));
        assert_eq!(servers.first(&[]), None);
        servers.failed(addr(9));
    }

    #[test]
    fn the_nearest_that_knows_a_leader_comes_first_and_the_silent_last() {
        let servers = Servers::default();
        servers.first(&[addr(9)]);
        servers.rank(vec![
            pulse(1, true, Some(30)),
            pulse(2, false, None),
            pulse(3, true, Some(1)),
            pulse(4, false, Some(0)),
        ]);
        assert_eq!(*servers.order(), [3, 1, 4, 2, 9].map(addr));
    }

    #[test]
    fn equally_near_servers_and_new_ones_are_spread_over_clients() {
        let all = [addr(1), addr(2), addr(3)];
        let firsts = |ranked: bool| {
            let client = |_| {
                let servers = Servers::default();
                if ranked {
                    servers.rank((1..=3).map(|n| pulse(n, true, Some(1))).collect());
                }
                servers.first(&all).unwrap()
            };
            (0..200).map(client).collect::<BTreeSet<SocketAddr>>()
        };
        assert_eq!(firsts(false).len(), 3);
        assert_eq!(firsts(true).len(), 3);
    }
}
