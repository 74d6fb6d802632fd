//! Why a server does not found yet, as values with stable codes.
//!
//! Decides nothing. The codes are those of the demand report, P8: tests and users match them, the
//! prose may change.

use std::fmt;

use crate::types::{Address, ClusterId, NodeName, Reason};

use super::Expectation;

/// How many names a sentence spells out before it counts the rest.
const NAMES_SHOWN: usize = 8;

/// The reason of a wait.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// This server was not told to found (rule 3).
    NotAsked,
    /// Raft data is there, but not the record of the cluster it belongs to.
    LedgerLost,
    /// More than one cluster is in sight (design, section 4).
    Ambiguous {
        /// The clusters, in ascending order.
        clusters: Vec<ClusterId>,
    },
    /// Servers disagree about how many shall found (rule 3).
    Mismatch {
        /// What this server was told.
        own: Expectation,
        /// Who was told something else.
        others: Vec<(NodeName, Expectation)>,
    },
    /// Servers are or may be there that do not answer (rules 4 and 5).
    UnknownPeers {
        /// Servers that gossip knows and that did not answer.
        silent: Vec<NodeName>,
        /// Addresses that were listed and not reached.
        unreached: Vec<Address>,
        /// Sources without a complete answer.
        sources: Vec<String>,
    },
    /// Too few blank servers are here (rule 2).
    Servers {
        /// Names of those who are here, this one included.
        here: Vec<NodeName>,
        /// How many it takes.
        expect: u32,
    },
    /// Another server is about to propose (rule 6).
    StandBy {
        /// The proposer to be.
        proposer: NodeName,
    },
    /// A founding is under way.
    InProgress {
        /// The cluster it would be.
        cluster: ClusterId,
        /// Who proposes it, if that is known.
        proposer: Option<NodeName>,
    },
    /// A founding can neither go on nor be given up by those who are left (rule 9).
    Blocked {
        /// The cluster it would have been.
        cluster: ClusterId,
        /// Its members that do not answer.
        silent: Vec<NodeName>,
    },
}

impl Waiting {
    /// The reason that it stands for.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NotAsked => Reason::FoundNotAsked,
            Self::LedgerLost => Reason::LedgerLost,
            Self::Ambiguous { .. } => Reason::AmbiguousCluster,
            Self::Mismatch { .. } => Reason::ExpectMismatch,
            Self::UnknownPeers { .. } => Reason::WaitingUnknownPeers,
            Self::Servers { .. } => Reason::WaitingForServers,
            Self::StandBy { .. } => Reason::WaitingForProposer,
            Self::InProgress { .. } => Reason::FoundingInProgress,
            Self::Blocked { .. } => Reason::FoundingBlocked,
        }
    }

    /// The stable code, as the log and `info` (`quorate.founding`) show it.
    pub const fn code(&self) -> &'static str {
        self.reason().code()
    }

    /// Who or what is missing or in the way: names, addresses, sources, clusters; all of them.
    pub fn missing(&self) -> Vec<String> {
        match self {
            Self::NotAsked | Self::LedgerLost => Vec::new(),
            Self::Ambiguous { clusters } => texts(clusters),
            Self::Mismatch { others, .. } => {
                others.iter().map(|(name, _)| name.to_string()).collect()
            }
            Self::UnknownPeers {
                silent,
                unreached,
                sources,
            } => [texts(silent), texts(unreached), sources.clone()].concat(),
            Self::Servers { here, expect } => {
                let expect = usize::try_from(*expect).unwrap_or(usize::MAX);
                let more = expect.saturating_sub(here.len());
                vec![format!("{more} more servers")]
            }
            Self::StandBy { proposer } => vec![proposer.to_string()],
            Self::InProgress { proposer, .. } => proposer.iter().map(ToString::to_string).collect(),
            Self::Blocked { silent, .. } => texts(silent),
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str(
                "this server was given no bootstrap_expect; it waits to be adopted by a cluster",
            ),
            Self::LedgerLost => f.write_str(
                "the data directory holds raft data but no record of its cluster; restore it \
                 whole, or start with an empty one",
            ),
            Self::Ambiguous { clusters } => {
                let clusters = list(clusters);
                write!(f, "more than one cluster is in sight: {clusters}")
            }
            Self::Mismatch { own, others } => {
                let others: Vec<String> = others
                    .iter()
                    .map(|(name, says)| format!("{name} says {says}"))
                    .collect();
                write!(f, "this server says {own}, {}", list(&others))
            }
            Self::UnknownPeers {
                silent,
                unreached,
                sources,
            } => unknown_peers(f, silent, unreached, sources),
            Self::Servers { here, expect } => {
                let (count, names) = (here.len(), list(here));
                write!(f, "{count} of {expect} servers are here: {names}")
            }
            Self::StandBy { proposer } => write!(f, "{proposer} is to propose the founding"),
            Self::InProgress { cluster, proposer } => match proposer {
                Some(proposer) => write!(f, "{proposer} founds cluster {cluster}"),
                None => write!(f, "cluster {cluster} is being founded"),
            },
            Self::Blocked { cluster, silent } => {
                let silent = list(silent);
                write!(
                    f,
                    "the founding of {cluster} waits for servers that do not answer ({silent}); \
                     bring them back, or, if they are lost for good, run `quorate operator \
                     bootstrap abandon`"
                )
            }
        }
    }
}

fn unknown_peers(
    f: &mut fmt::Formatter<'_>,
    silent: &[NodeName],
    unreached: &[Address],
    sources: &[String],
) -> fmt::Result {
    f.write_str("these may be in a cluster and give no answer:")?;
    let mut separator = " ";
    for (what, names) in [
        ("servers", list(silent)),
        ("addresses", list(unreached)),
        ("sources", list(sources)),
    ] {
        if !names.is_empty() {
            write!(f, "{separator}{what} {names}")?;
            separator = "; ";
        }
    }
    Ok(())
}

fn texts<T: fmt::Display>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

/// Writes the first few of a list, and how many more there are.
fn list<T: fmt::Display>(items: &[T]) -> String {
    let mut shown: Vec<String> = items
        .iter()
        .take(NAMES_SHOWN)
        .map(ToString::to_string)
        .collect();
    let more = items.len().saturating_sub(NAMES_SHOWN);
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}
