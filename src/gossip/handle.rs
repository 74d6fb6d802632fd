//! The handle: what the agent asks of gossip and watches in it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::debug;

use super::config::GossipConfig;
use super::conflict_log::SeenConflict;
use super::counters::Counters;
use super::error::GossipError;
use super::keys::{Keys, ShownKeys};
use super::machine::{Machine, Notice, Partner};
use super::shell::{
    ERRANDS_MAX, Shell, Sockets, bind, exchange, join, run_datagrams, run_errands, run_listener,
};
use super::wire::{Door, is_reachable};
use crate::host::Host;
use crate::types::{Announcement, ClusterId, Member, NodeId};

/// How many addresses of one join are tried at once.
const JOINS_AT_ONCE: usize = 16;

/// How long a leaving agent waits after it is gone before it says so once more.
const LAST_ROUND: Duration = Duration::from_millis(20);

/// How long a leaving agent waits for the one member that it tells over TCP.
const WITNESS_DEADLINE: Duration = Duration::from_millis(500);

/// Gossip of this agent. Clones share it; it stops when `stop` is called or the last clone goes.
#[derive(Debug, Clone)]
pub struct Gossip {
    shell: Arc<Shell>,
    tasks: Arc<Tasks>,
    addr: SocketAddr,
}

/// What became of the addresses of one join, in the order in which they were given.
#[derive(Debug, Default)]
pub struct JoinReport {
    /// Other members that lists were exchanged with.
    pub contacted: Vec<(SocketAddr, NodeId)>,
    /// Addresses of this agent itself. They are no contact: an agent that reached nobody but
    /// itself joined nothing.
    pub own: Vec<SocketAddr>,
    /// Addresses that came to nothing, each with the reason.
    pub failed: Vec<(SocketAddr, GossipError)>,
}

#[derive(Debug)]
struct Tasks {
    stop: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

/// Says that a task ended, however it ended.
struct EndGuard(Arc<watch::Sender<bool>>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

impl Gossip {
    /// Listens, and starts the tasks of this room. Must be called in a tokio runtime. The agent is
    /// alone until somebody joins it or it joins somebody.
    ///
    /// # Errors
    /// The address cannot be listened on, nobody could reach the advertised one, or the
    /// announcement does not fit a datagram.
    pub fn start(config: GossipConfig) -> Result<Self, GossipError> {
        let sockets = bind(&*config.host, config.bind)?;
        let mut announcement = config.announcement;
        if announcement.gossip_addr.port() == 0 {
            announcement.gossip_addr.set_port(sockets.addr.port());
        }
        if !is_reachable(announcement.gossip_addr) {
            let addr = announcement.gossip_addr;
            return Err(GossipError::Advertise { addr });
        }
        let random = (rand::make_rng::<StdRng>(), Instant::now());
        let mut machine =
            Machine::new(announcement, Door::new(config.keys), config.tuning, random)?;
        machine.remember_homes(&config.homes);
        if config.is_reserved {
            machine.reserve();
        }
        Ok(Self::spawn(machine, config.host, sockets))
    }

    /// Where gossip listens, over UDP and TCP.
    pub const fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Joins whoever is at the addresses: each gets this agent's list and gives his own. All are
    /// tried at once, each within the join deadline.
    ///
    /// # Cancel safety
    /// What was merged stays merged; the rest is dropped.
    pub async fn join(&self, addrs: &[SocketAddr]) -> JoinReport {
        let limit = self.shell.step(|machine, _| machine.tuning().join_deadline);
        let mut seen = BTreeSet::new();
        let unique: Vec<SocketAddr> = addrs
            .iter()
            .copied()
            .filter(|addr| seen.insert(*addr))
            .collect();
        let shell = &self.shell;
        let tried = stream::iter(unique)
            .map(|addr| async move { (addr, join(shell, addr, limit).await) })
            .buffered(JOINS_AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let mut report = JoinReport::default();
        for (addr, outcome) in tried {
            match outcome {
                Ok(Partner::Other(node_id)) => report.contacted.push((addr, node_id)),
                Ok(Partner::Own) => report.own.push(addr),
                Err(error) => report.failed.push((addr, error)),
            }
        }
        report
    }

    /// The own sources have been heard: what others said of clusters meanwhile is heard now if they
    /// led to none, and from now on whoever calls may take this agent in.
    pub fn open(&self) {
        self.shell.step(Machine::open);
    }

    /// The clusters that others told of while this agent is blank, also those whose members are not in
    /// its list: what they say waits until [`Self::open`], or one of the two refused the other. One that
    /// was met counts for ten minutes after it was met last.
    pub fn heard_of(&self) -> BTreeSet<ClusterId> {
        self.shell.step(Machine::heard_of)
    }

    /// Every known member, this agent included, failed and left ones too, sorted by name.
    pub fn members(&self) -> Arc<[Member]> {
        self.shell.members()
    }

    /// The list as it changes. A list that came by push/pull appears whole or not at all.
    pub fn watch(&self) -> watch::Receiver<Arc<[Member]>> {
        self.shell.watch_members()
    }

    /// The last conflicts, the one that came up last first; one that goes on is shown again every
    /// second with a new time and count.
    pub fn conflicts(&self) -> watch::Receiver<Arc<[SeenConflict]>> {
        self.shell.watch_conflicts()
    }

    /// Changes what this agent says of itself, and tells everybody at once. Node id, generation,
    /// version and address are kept by this room whatever the change does to them. The change must
    /// not call back into this handle: gossip stands still while it runs.
    ///
    /// # Errors
    /// The new word does not fit a datagram; the old one stands.
    pub fn announce(&self, change: impl FnOnce(&mut Announcement)) -> Result<(), GossipError> {
        self.shell
            .step(|machine, now| machine.announce(now, change))
    }

    /// What this agent says of itself.
    pub fn own(&self) -> Announcement {
        self.shell.step(|machine, _| machine.own().clone())
    }

    /// Leaves for good: others see this agent as left, not as failed. Returns when they have been
    /// told, about a tenth of a second later; at once if there is nobody. Afterwards the agent
    /// hears nothing more, and `join` fails; `stop` is still to be called.
    ///
    /// # Cancel safety
    /// Cancelled halfway the agent is shown as leaving, and then as left once it is stopped.
    pub async fn leave(&self) {
        let Notice { witness, wait } = self.shell.step(Machine::begin_leave);
        let until = Instant::now() + wait;
        if let Some(witness) = witness {
            let told = exchange(&self.shell, witness, WITNESS_DEADLINE).await;
            debug!(addr = %witness, is_told = told.is_ok(), "told a member of leaving");
        }
        sleep_until(until).await;
        self.shell.step(Machine::finish_leave);
        if witness.is_some() {
            sleep(LAST_ROUND).await;
            self.shell.step(Machine::repeat_leave);
        }
    }

    /// Makes the failed member of this name a left one, for everybody; with `prune` it, or one
    /// that left, is forgotten. A member that is alive is not disturbed.
    ///
    /// # Errors
    /// Nobody goes by the name.
    pub fn force_leave(&self, name: &str, prune: bool) -> Result<(), GossipError> {
        self.shell
            .step(|machine, now| machine.force_leave(now, name, prune))
    }

    /// Goes by other keys from the next datagram and stream on; no member notices. An agent that
    /// was started without a key stays plain.
    pub fn renew_keys(&self, keys: Keys) {
        self.shell.step(|machine, _| machine.renew_keys(keys));
    }

    /// What may be shown of the keys in force, and which of those that do not seal here are still
    /// used by others; none without a key.
    pub fn shown_keys(&self) -> Option<ShownKeys> {
        self.shell.step(|machine, _| machine.shown_keys())
    }

    /// Counters and gauges.
    pub fn counters(&self) -> Counters {
        self.shell.step(|machine, _| machine.counters())
    }

    /// Returns when a task of this room ended: after `stop`, or because it panicked.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn ended(&self) {
        let mut ended = self.tasks.ended.clone();
        // An error says that the last task is gone, which is what is waited for.
        drop(ended.wait_for(|ended| *ended).await);
    }

    /// Stops listening and ends the tasks. Not a leave: others see this agent fail.
    pub async fn stop(&self) {
        self.tasks.stop.send_replace(true);
        let running = {
            let mut running = self
                .tasks
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *running)
        };
        for task in running {
            if let Err(error) = task.await {
                debug!(%error, "gossip task ended badly");
            }
        }
    }

    fn spawn(machine: Machine, host: Arc<dyn Host>, sockets: Sockets) -> Self {
        let Sockets {
            listener,
            socket,
            addr,
        } = sockets;
        let (errands, errands_out) = mpsc::channel(ERRANDS_MAX);
        let reader = Arc::clone(&socket);
        let shell = Arc::new(Shell::new(machine, host, socket, errands));
        let (stop, stopped) = watch::channel(false);
        let (ended_in, ended) = watch::channel(false);
        let ended_in = Arc::new(ended_in);
        let guard = || EndGuard(Arc::clone(&ended_in));
        let running = vec![
            spawn(
                guard(),
                run_datagrams(Arc::clone(&shell), reader, stopped.clone()),
            ),
            spawn(
                guard(),
                run_listener(Arc::clone(&shell), listener, stopped.clone()),
            ),
            spawn(
                guard(),
                run_errands(Arc::clone(&shell), errands_out, stopped),
            ),
        ];
        let tasks = Tasks {
            stop,
            ended,
            running: Mutex::new(running),
        };
        Self {
            shell,
            tasks: Arc::new(tasks),
            addr,
        }
    }
}

fn spawn(guard: EndGuard, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        let _guard = guard;
        task.await;
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gossip::Tuning;
    use crate::gossip::testing::says;
    use crate::host::Real;

    #[tokio::test]
    async fn the_room_ends_when_its_last_handle_goes() {
        let bind = SocketAddr::from(([127, 0, 0, 1], 0));
        let gossip = Gossip::start(GossipConfig {
            host: Arc::new(Real),
            bind,
            announcement: Announcement {
                gossip_addr: bind,
                ..says("s1", 1)
            },
            keys: None,
            homes: Vec::new(),
            is_reserved: false,
            tuning: Tuning::default(),
        })
        .unwrap();
        let (clone, mut ended) = (gossip.clone(), gossip.tasks.ended.clone());
        drop(gossip);
        assert!(!*ended.borrow_and_update());
        drop(clone);
        // The last task drops the sender.
        while ended.changed().await.is_ok() {}
    }
}
