//! What gossip counts, for `info` and for metrics.

use super::wire::Turned;

/// How gossip does. Totals count from the start of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Members in the list, this agent included, failed and left ones too.
    pub members: usize,
    /// Members that failed.
    pub failed: usize,
    /// Members that left.
    pub left: usize,
    /// How late this agent's own timers come: 0 is well, 8 is the worst (Lifeguard's local health,
    /// as Serf shows it).
    pub health_score: u8,
    /// This agent is blank and met two clusters: it joins neither, and is silent.
    pub is_torn: bool,
    /// Whether a key is set.
    pub encrypted: bool,
    /// Pieces of news and of membership that wait for their last transmissions.
    pub queued: usize,
    /// Datagrams that came in.
    pub datagrams_received: u64,
    /// Datagrams that went out.
    pub datagrams_sent: u64,
    /// Datagrams that the system did not take.
    pub datagrams_unsent: u64,
    /// Datagrams and streams that were not of this protocol, or malformed.
    pub turned_malformed: u64,
    /// Datagrams and streams that were plain in a sealed pool, sealed in a plain one, or sealed
    /// with another key.
    pub turned_key: u64,
    /// Datagrams and messages of streams that a key opened which does not seal here.
    pub opened_by_accepted_key: u64,
    /// Datagrams and streams from another cluster.
    pub turned_cluster: u64,
    /// Exchanges that one side refused because two live agents go by one node id or one name.
    pub turned_duplicate: u64,
    /// Datagrams of somebody who was not admitted, or not yet.
    pub turned_stranger: u64,
    /// Push/pulls that merged a list, asked for by either side.
    pub exchanges: u64,
    /// Push/pulls that came to nothing.
    pub exchanges_failed: u64,
}

impl Counters {
    /// Counts what the door for datagrams turned away.
    pub(crate) const fn count_turned(&mut self, turned: Turned) {
        let counter = match turned {
            Turned::Foreign => &mut self.turned_malformed,
            Turned::Plain | Turned::Sealed | Turned::Unopened => &mut self.turned_key,
            Turned::OtherCluster => &mut self.turned_cluster,
        };
        *counter = counter.saturating_add(1);
    }
}
