//! The ward: the one member that this agent looks after beyond the dice of the failure detector.
//!
//! Random probes leave a member of a large pool unprobed for several seconds now and then. So each
//! agent also pings the next one in the order of node ids, every second: in a pool whose members
//! know each other everybody is somebody's ward, and a failure is noticed within two seconds.

use std::time::Duration;

use foca::Header;
use tokio::time::Instant;

use super::Machine;
use crate::gossip::identity::Identity;
use crate::gossip::swim;

/// The least number of others for which a ward is kept. Two or three members probe each other often
/// enough by themselves, and a small pool stays cheap.
const OTHERS_MIN: usize = 3;

/// The ward that has not answered yet; nothing while there is none to wait for.
#[derive(Debug, Default)]
pub(super) struct Ward {
    awaited: Option<Identity>,
    /// When to ping once more before doubt begins.
    again: Option<Instant>,
}

impl Ward {
    /// When it has to be looked after next, apart from the tick.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.again
    }
}

impl Machine {
    /// Takes note of who speaks, if somebody is waited for.
    pub(super) fn hear_ward(&mut self, payload: &[u8]) {
        let Some(awaited) = self.ward.awaited else {
            return;
        };
        if swim::speaker(payload).is_some_and(|from| from.node_id == awaited.node_id) {
            self.ward = Ward::default();
        }
    }

    /// Pings a ward that did not answer once more.
    pub(super) fn ping_again(&mut self, now: Instant) {
        if self.ward.again.is_some_and(|at| now >= at) {
            self.ward.again = None;
            if let Some(awaited) = self.ward.awaited {
                self.ping(awaited);
            }
        }
    }

    /// Once a second: begins to doubt the ward that never answered, and pings the next.
    pub(super) fn look_after_ward(&mut self, now: Instant) {
        if let Some(silent) = self.ward.awaited.take() {
            self.suspect(now, silent.node_id);
        }
        self.ward = Ward::default();
        let Some(next) = self.table.lock().successor(OTHERS_MIN) else {
            return;
        };
        self.ping(next);
        self.ward = Ward {
            awaited: Some(next),
            again: Some(now + half(self.tuning.probe_period)),
        };
    }

    fn ping(&mut self, to: Identity) {
        let header = self.own_header(to);
        if let Some(payload) = swim::encode_ping(&header, None) {
            self.wishes.payloads.push((to.addr, payload));
        }
    }

    /// A ping of this agent. Its number is of no probe; an answer says what it says anyway, that
    /// the member lives.
    pub(super) fn own_header(&self, to: Identity) -> Header<Identity> {
        Header {
            src: *self.swim.identity(),
            src_incarnation: self.table.lock().own_incarnation(),
            dst: to,
            message: foca::Message::Ping(0),
        }
    }
}

fn half(time: Duration) -> Duration {
    time / 2
}
