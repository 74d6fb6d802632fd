//! What the driver sees of the others without asking: who is alive, who left, whether somebody leads.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::{Entry, JoinDriver};
use crate::agent::twin;
use crate::join::Event;
use crate::types::{Member, MemberStatus};
use crate::why::Told;

/// Without a leader for so long, the agent looks for others again (design, section 6).
const LEADERLESS: Duration = Duration::from_secs(10);

impl JoinDriver {
    /// Members that left are not fetched back.
    pub(super) fn without_leavers(&self, entry: Option<Entry>) -> Option<Entry> {
        let Some(Entry::Remembered(peers)) = entry else {
            return entry;
        };
        let members = self.gossip.members();
        let has_left = |addr: &SocketAddr| {
            let mut here = members
                .iter()
                .filter(|member| member.says.gossip_addr == *addr);
            here.next_back()
                .is_some_and(|member| member.status == MemberStatus::Left)
        };
        Some(Entry::Remembered(
            peers.into_iter().filter(|addr| !has_left(addr)).collect(),
        ))
    }

    /// Addresses at which this agent itself is reached.
    pub(super) fn own(&self) -> BTreeSet<SocketAddr> {
        BTreeSet::from([self.gossip.local_addr(), self.gossip.own().gossip_addr])
    }

    /// Addresses at which gossip sees another member alive.
    pub(super) fn alive(&self) -> BTreeSet<SocketAddr> {
        let members = self.gossip.members();
        let alive = members
            .iter()
            .filter(|member| member.status == MemberStatus::Alive);
        alive.map(|member| member.says.gossip_addr).collect()
    }

    pub(super) fn look_at_members(&mut self, members: &[Member]) {
        let own = self.gossip.own().node_id;
        let is_alone = twin::is_alone(members, own);
        if is_alone != self.was_alone {
            self.was_alone = is_alone;
            self.handle(if is_alone {
                Event::Isolated
            } else {
                Event::Met
            });
        }
        let is_other =
            |member: &&Member| member.status == MemberStatus::Alive && member.says.node_id != own;
        let others = members.iter().filter(is_other);
        let servers = others
            .filter(|member| member.says.server().is_some())
            .count();
        if servers < self.servers_before && servers < self.floor() {
            self.handle(Event::BelowFloor);
        }
        self.servers_before = servers;
        self.look_at_leader();
    }

    /// How many other servers there should be: on a server the other voters, else one.
    fn floor(&self) -> usize {
        match &self.raft {
            Some(raft) => raft.status().voters().count().saturating_sub(1),
            None => 1,
        }
    }

    pub(super) fn look_at_leader(&mut self) {
        let is_led = if let Some(raft) = &self.raft {
            raft.status().leader.is_some()
        } else {
            let has_server = self.membership.cluster().is_some() && self.servers_before > 0;
            has_server && !self.is_told_of_no_leader()
        };
        match (is_led, self.leaderless) {
            (true, Some(_)) => {
                self.leaderless = None;
                self.handle(Event::LeaderKnown);
            }
            (false, None) => self.leaderless = Some(Instant::now()),
            (false, Some(since)) if since.elapsed() >= LEADERLESS => {
                self.leaderless = Some(Instant::now());
                self.handle(Event::LeaderLost);
            }
            _ => {}
        }
    }

    /// The server that this client asks says that nobody leads: its cluster may be elsewhere.
    fn is_told_of_no_leader(&self) -> bool {
        let word = self.told.borrow();
        let said = word.as_ref().and_then(|word| word.as_ref().ok());
        said.is_some_and(Told::is_leaderless)
    }
}
