//! The machine's arms: sockets, streams, and the tasks that move it.
//!
//! The machine lies behind a lock that is held for one step and never over a wait. Lists are shown
//! under that lock too, so that nobody sees them out of order.

mod bind;
mod claim;
mod datagrams;
mod exchange;
mod streams;
mod waiting;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tracing::{debug, info};

use super::conflict_log::SeenConflict;
use super::machine::{Effects, Errand, Machine};
use super::table::by_name;
use crate::host::{Datagrams, Host};
use crate::types::Member;
pub(crate) use bind::{Sockets, bind};
pub(crate) use datagrams::run_datagrams;
pub(crate) use exchange::{exchange, join};
pub(crate) use streams::{run_errands, run_listener};

/// How many errands may wait; one more is dropped, and comes up again by itself.
pub(crate) const ERRANDS_MAX: usize = 64;

/// The machine and what it acts through.
#[derive(Debug)]
pub(crate) struct Shell {
    machine: Mutex<Machine>,
    host: Arc<dyn Host>,
    socket: Arc<dyn Datagrams>,
    members: watch::Sender<Arc<[Member]>>,
    conflicts: watch::Sender<Arc<[SeenConflict]>>,
    errands: mpsc::Sender<Errand>,
    sooner: Notify,
}

impl Shell {
    /// Gives a machine a host to dial from and a port to send by.
    pub(crate) fn new(
        mut machine: Machine,
        host: Arc<dyn Host>,
        socket: Arc<dyn Datagrams>,
        errands: mpsc::Sender<Errand>,
    ) -> Self {
        machine.wake(Instant::now());
        let first = machine.take_effects().members;
        Self {
            machine: Mutex::new(machine),
            host,
            socket,
            members: watch::Sender::new(first.unwrap_or_default()),
            conflicts: watch::Sender::new(Arc::default()),
            errands,
            sooner: Notify::new(),
        }
    }

    /// Does one step with the machine, and carries out what it asks for.
    pub(crate) fn step<T>(&self, step: impl FnOnce(&mut Machine, Instant) -> T) -> T {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        let before = machine.next_wake();
        let result = step(&mut machine, Instant::now());
        let effects = machine.take_effects();
        self.carry_out(&mut machine, effects);
        if machine.next_wake() < before {
            self.sooner.notify_one();
        }
        result
    }

    /// Where this agent runs.
    pub(crate) fn host(&self) -> &dyn Host {
        &*self.host
    }

    /// The list of members as it is now.
    pub(crate) fn members(&self) -> Arc<[Member]> {
        Arc::clone(&self.members.borrow())
    }

    /// The list of members as it changes.
    pub(crate) fn watch_members(&self) -> watch::Receiver<Arc<[Member]>> {
        self.members.subscribe()
    }

    /// The conflicts as they come up.
    pub(crate) fn watch_conflicts(&self) -> watch::Receiver<Arc<[SeenConflict]>> {
        self.conflicts.subscribe()
    }

    fn carry_out(&self, machine: &mut Machine, effects: Effects) {
        if let Some(members) = effects.members {
            let before = self.members.send_replace(Arc::clone(&members));
            log_forgotten(&before, &members);
        }
        if let Some(conflicts) = effects.conflicts {
            self.conflicts.send_replace(conflicts);
        }
        for errand in effects.errands {
            if self.errands.try_send(errand).is_err() {
                debug!(?errand, "errand dropped");
            }
        }
        for (to, datagram) in effects.datagrams {
            let counters = machine.counters_mut();
            let counter = match self.send(to, &datagram) {
                Ok(()) => &mut counters.datagrams_sent,
                Err(error) => {
                    debug!(addr = %to, %error, "datagram not sent");
                    &mut counters.datagrams_unsent
                }
            };
            *counter = counter.saturating_add(1);
        }
    }

    /// Hands a datagram to the system; a full queue drops it, like every other hop may.
    fn send(&self, to: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        self.socket.send(to, datagram)
    }
}

/// One line per member that was forgotten; all other changes are for the agent to tell, since it
/// knows what they mean.
fn log_forgotten(before: &[Member], after: &[Member]) {
    let has_it = |member: &Member| {
        let found = after.binary_search_by_key(&by_name(member), by_name);
        // One with a new name is elsewhere in the list.
        found.is_ok() || after.iter().any(|m| m.says.node_id == member.says.node_id)
    };
    for member in before {
        if !has_it(member) {
            let (name, addr) = (&member.says.name, member.says.gossip_addr);
            info!(member = %name, %addr, "member forgotten");
        }
    }
}
