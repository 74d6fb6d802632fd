//! When the addresses of the others are written to disk for the next start; which, `remember` says.
//!
//! Servers that come or go are written at once: a client's next life begins with them. Other members
//! can wait. Where hundreds of agents start together, every agent hears of somebody new many times a
//! second, and if each wrote each time, the servers' logs would wait for their disk.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::remember::worth;
use crate::datadir::Home;
use crate::types::{Member, MemberStatus, NodeId};

/// How long a change that is not about servers may wait. Chosen: longer than a crowd takes to
/// start, and little beside the life of an agent.
const LATER: Duration = Duration::from_secs(20);

/// What is on disk, and what is not yet.
#[derive(Debug, Default)]
pub(super) struct Memory {
    stored: Picture,
    /// When something was given out last, whatever became of it.
    tried_at: Option<Instant>,
    /// What was given out to be stored.
    next: Picture,
    is_stale: bool,
}

/// The addresses of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Picture {
    all: Vec<Home>,
    /// The servers that are alive.
    servers: BTreeSet<SocketAddr>,
}

impl Memory {
    /// The members and addresses to store, if it is time to.
    pub(super) fn due(&mut self, members: &[Member], own: NodeId) -> Option<Vec<Home>> {
        let now = picture(members, own);
        self.is_stale = !now.all.is_empty() && now.all != self.stored.all;
        let is_urgent = self.tried_at.is_none() || now.servers != self.stored.servers;
        if !self.is_stale || !(is_urgent || self.is_overdue()) {
            return None;
        }
        self.tried_at = Some(Instant::now());
        self.next = now;
        Some(self.next.all.clone())
    }

    /// A change has waited for long enough.
    pub(super) fn is_overdue(&self) -> bool {
        let has_rested = |at: Instant| at.elapsed() >= LATER;
        self.is_stale && self.tried_at.is_none_or(has_rested)
    }

    /// What was given out is on disk.
    pub(super) fn is_stored(&mut self) {
        self.stored = std::mem::take(&mut self.next);
        self.is_stale = false;
    }
}

fn picture(members: &[Member], own: NodeId) -> Picture {
    let is_live_server = |member: &&Member| {
        let is_alive = member.status == MemberStatus::Alive;
        is_alive && member.says.node_id != own && member.says.server().is_some()
    };
    let servers = members.iter().filter(is_live_server);
    Picture {
        all: worth(members, own),
        servers: servers.map(|member| member.says.gossip_addr).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::http::fake::server;
    use crate::types::Role;

    const OWN: NodeId = NodeId::new(9);

    fn member(n: u8, is_server: bool) -> Member {
        let mut member = server(n, &format!("n{n}"), MemberStatus::Alive);
        Arc::make_mut(&mut member.says).gossip_addr = SocketAddr::from(([192, 0, 2, n], 8301));
        if !is_server {
            Arc::make_mut(&mut member.says).role = Role::Client;
        }
        member
    }

    fn store(memory: &mut Memory, members: &[Member]) -> bool {
        let is_due = memory.due(members, OWN).is_some();
        if is_due {
            memory.is_stored();
        }
        is_due
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_of_clients_costs_one_write_and_a_server_one_at_once() {
        let mut memory = Memory::default();
        let mut members = vec![member(1, true)];
        assert!(store(&mut memory, &members), "the first to be met");
        assert!(!store(&mut memory, &members), "no change");
        for n in 10..200 {
            members.push(member(n, false));
            assert!(!store(&mut memory, &members), "{n}");
            assert!(!memory.is_overdue(), "{n}");
        }
        members.push(member(2, true));
        assert!(store(&mut memory, &members), "a server");
        members.insert(0, member(3, false));
        assert!(!store(&mut memory, &members), "a client");
        tokio::time::advance(LATER).await;
        assert!(memory.is_overdue());
        assert!(store(&mut memory, &members), "after a while");
        assert!(!memory.is_overdue());
    }
}
