//! What the room is started with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::keys::Keys;
use crate::host::Host;
use crate::types::{Announcement, NodeId};

/// What gossip needs to start.
#[derive(Debug, Clone)]
pub struct GossipConfig {
    /// The computer to listen on and to dial from.
    pub host: Arc<dyn Host>,
    /// Where to listen, over UDP and TCP; port 8301 by default in the agent. Port 0 takes any
    /// port that is free for both.
    pub bind: SocketAddr,
    /// What this agent says of itself. Its `gossip_addr` is the address that others are told; a
    /// port of 0 in it is replaced by the port that is listened on.
    pub announcement: Announcement,
    /// The key that all members share, and those that are accepted beside it. Without one,
    /// datagrams and streams are plain.
    pub keys: Option<Keys>,
    /// Where others were in this agent's last life: one of them that speaks from elsewhere is
    /// believed once it was asked for there. Default nobody.
    pub homes: Vec<(NodeId, SocketAddr)>,
    /// Whether the agent, while it is blank, lets what others say of a cluster wait until
    /// [`Gossip::open`](super::Gossip::open): its own sources come first. Default no.
    pub is_reserved: bool,
    /// Times.
    pub tuning: Tuning,
}

/// The times of the protocol. The defaults are for a local network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// How often one member is probed. Default 1 s (memberlist's `ProbeInterval`). Smaller finds
    /// failures sooner and costs two datagrams per probe.
    pub probe_period: Duration,
    /// How long a direct probe may take before others are asked to probe too; shorter than the
    /// period. Default 500 ms (memberlist's `ProbeTimeout`).
    pub probe_timeout: Duration,
    /// How long a suspect member whose host does not answer has to speak up before it is declared
    /// failed, in a pool of up to 64; grows with the logarithm of the size, and with how slow this
    /// agent is itself. Default 2 s: half of memberlist's, since the suspect is called and asked
    /// over TCP in that time, so that lost datagrams are no failure.
    pub suspicion: Duration,
    /// How long such a question over TCP may take. Default 1 s.
    pub confirmation: Duration,
    /// How long a suspect has whose host takes streams while it says nothing itself, as that of a
    /// process that stands still. Default 7 s: a pause of five is survived with room for two
    /// probes, and who never goes on is failed within ten.
    pub hung: Duration,
    /// How often the whole list is exchanged with a random member, in a pool of up to 32; grows
    /// with the logarithm of the size. Default 30 s (memberlist's `PushPullInterval`).
    pub push_pull: Duration,
    /// How long a failed member stays in the list. Default 72 h (Consul's `reconnect_timeout`, agent
    /// reference, 1.8).
    pub failed_kept: Duration,
    /// How long a join of one address may take, all steps together. Default 10 s (memberlist's
    /// `TCPTimeout`).
    pub join_deadline: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            probe_period: Duration::from_secs(1),
            probe_timeout: Duration::from_millis(500),
            suspicion: Duration::from_secs(2),
            confirmation: Duration::from_secs(1),
            hung: Duration::from_secs(7),
            push_pull: Duration::from_secs(30),
            failed_kept: Duration::from_hours(72),
            join_deadline: Duration::from_secs(10),
        }
    }
}
