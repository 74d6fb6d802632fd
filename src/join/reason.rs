//! Why an agent is not in a cluster yet, as far as finding and joining go.
//!
//! A code is stable: operators, tests and metric labels rely on it. Prose is derived from the
//! code, never the other way round (demand report, P8).

use std::fmt;

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nothing is configured to look at: others have to join this agent.
    NoSources,
    /// The sources are being asked, for the first time in this round.
    Looking,
    /// The source gave a complete answer without an address.
    DiscoveryEmpty,
    /// The source could be read only in part, and that part had no address.
    DiscoveryGaps,
    /// The source, or the addresses it gave, led to this agent alone.
    OnlySelf,
    /// The source cannot work as it is configured.
    Misconfigured,
    /// The source wants credentials that are missing, wrong or not allowed to ask.
    Credentials,
    /// The source asks for patience.
    Throttled,
    /// The source did not answer within its deadline.
    DiscoveryTimeout,
    /// The source could not be asked, or its answer not be read.
    DiscoveryFailed,
    /// No agent took part at any of the addresses.
    PeersUnreachable,
    /// The others seal their gossip with another key.
    KeyMismatch,
    /// The others belong to another cluster than this agent.
    ClusterConflict,
    /// The others belong to two clusters, and this agent to none.
    AmbiguousCluster,
    /// The others know this agent's name or id as somebody else's.
    IdConflict,
    /// Joined, but no leader is known.
    NoLeader,
}

impl Reason {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoSources => "no-sources",
            Self::Looking => "looking",
            Self::DiscoveryEmpty => "discovery-empty",
            Self::DiscoveryGaps => "discovery-gaps",
            Self::OnlySelf => "only-self",
            Self::Misconfigured => "source-misconfigured",
            Self::Credentials => "credentials",
            Self::Throttled => "throttled",
            Self::DiscoveryTimeout => "discovery-timeout",
            Self::DiscoveryFailed => "discovery-failed",
            Self::PeersUnreachable => "peers-unreachable",
            Self::KeyMismatch => "gossip-key-mismatch",
            Self::ClusterConflict => "cluster-conflict",
            Self::AmbiguousCluster => "ambiguous-cluster",
            Self::IdConflict => "id-conflict",
            Self::NoLeader => "no-leader",
        }
    }

    /// One sentence for people.
    pub const fn prose(self) -> &'static str {
        match self {
            Self::NoSources => "no join addresses are configured; waiting for others to join",
            Self::Looking => "the sources of join addresses are being asked",
            Self::DiscoveryEmpty => "the source answered, but listed no address",
            Self::DiscoveryGaps => "the source was read in part, and that part listed no address",
            Self::OnlySelf => "only this agent itself was found",
            Self::Misconfigured => "the source cannot work as it is configured",
            Self::Credentials => "the source refuses the credentials, or there are none",
            Self::Throttled => "the source asks to be called less often",
            Self::DiscoveryTimeout => "the source did not answer in time",
            Self::DiscoveryFailed => "the source could not be asked, or its answer not be read",
            Self::PeersUnreachable => "no agent answered at any of the addresses",
            Self::KeyMismatch => "the others use another gossip key",
            Self::ClusterConflict => "the others belong to another cluster",
            Self::AmbiguousCluster => "the others belong to more than one cluster",
            Self::IdConflict => "this agent's name or id is taken by another",
            Self::NoLeader => "joined, but no leader is known",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
