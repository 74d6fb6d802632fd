//! Whether a server gets through to the port of the leader that it hears.
//!
//! A leader needs no port of its own to be heard: it calls the others. But what they are asked they
//! pass on to it, so behind a closed port it leads a cluster that serves nobody but itself. So every
//! other server asks the leader's port something small once a second. Who does not get through says
//! so, and is not ready. A leader to whom nobody gets through hands leadership on: then the port is
//! closed on a server that is not needed. With two voters it is needed, and keeps its office.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{info, warn};

use super::facts::lock;
use super::unheard::Leader;
use super::{Founding, words};
use crate::raft::Status;
use crate::why::Said;

/// How often the leader's port is asked. Chosen: one small question per server and second.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long the port may give no answer. Chosen: four questions in a row; the reason shall be right
/// within ten seconds, on clients too.
const PATIENCE: Duration = Duration::from_secs(4);
/// After so many seconds without a question a leader hands on. Counted, and not measured: a process
/// that stood still was asked nothing either. Chosen: the others have said why by then.
const UNASKED_MAX: u32 = 10;

/// A voter that answered the leader so long ago is there. Chosen: some heartbeats.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// What is known of the leader's port.
#[derive(Debug, Default)]
pub(super) struct LeaderPort {
    /// The leader that gives no answer, and since when.
    silent: Mutex<Option<(Leader, Instant)>>,
    /// Another server asked this one since the last look.
    is_asked: AtomicBool,
}

impl Founding {
    /// Notes that another server asked this one's port.
    pub(in crate::agent) fn note_question(&self) {
        self.leader_port.is_asked.store(true, Ordering::Relaxed);
    }

    /// Why requests do not come through to the leader, if they do not.
    pub(in crate::agent) fn leader_unreached(&self) -> Option<Said> {
        let silent = lock(&self.leader_port.silent).clone();
        let (leader, since) = silent?;
        (since.elapsed() >= PATIENCE).then(|| words::leader_unreached(&leader, PATIENCE))
    }

    /// Asks the leader, or waits to be asked as one. Runs until the agent stops.
    #[expect(clippy::infinite_loop, reason = "the task set ends it with the agent")]
    pub(super) async fn watch_leader_port(&self) {
        let mut tick = interval(ASK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unasked = 0;
        loop {
            tick.tick().await;
            let status = self.rooms.raft.status();
            let asked = self.leader_port.is_asked.swap(false, Ordering::Relaxed);
            let awaits = status.is_leader() && can_do_without(&status);
            unasked = if asked || !awaits { 0 } else { unasked + 1 };
            if unasked >= UNASKED_MAX {
                unasked = 0;
                self.hand_on().await;
            }
            self.ask_leader(&status).await;
        }
    }

    async fn ask_leader(&self, status: &Status) {
        let leader = status.leader.as_ref().filter(|_| !status.is_leader());
        let leader = leader.map(|(_, peer)| Leader {
            name: peer.name.clone(),
            addr: peer.rpc_addr,
        });
        let asked_at = Instant::now();
        let answers = match &leader {
            Some(leader) => self.configuration_of(leader.addr).await.is_some(),
            None => true,
        };
        let mut silent = lock(&self.leader_port.silent);
        *silent = match (leader, silent.take()) {
            (Some(leader), Some((before, since))) if !answers && before == leader => {
                Some((leader, since))
            }
            (Some(leader), _) if !answers => Some((leader, asked_at)),
            _ => None,
        };
    }

    async fn hand_on(&self) {
        let own: SocketAddr = self.terms.server.rpc_addr;
        warn!(target: "agent.server", addr = %own, seconds = UNASKED_MAX,
            "handing leadership on: no other server gets through to this one's port; open it for \
             them, or correct `advertise_addr`");
        match self.rooms.raft.transfer_leader(None).await {
            Ok(()) => info!(target: "agent.server", "leadership handed on"),
            Err(error) => warn!(target: "agent.server", %error, "leadership not handed on"),
        }
    }
}

/// The others could lead and follow without this leader, which nothing reaches then.
fn can_do_without(status: &Status) -> bool {
    let is_fresh = |ago: Duration| ago <= ANSWERED_WITHIN;
    let others = status
        .voters()
        .filter(|voter| voter.id != status.id && voter.last_answer.is_some_and(is_fresh));
    others.count() * 2 > status.voters().count()
}
