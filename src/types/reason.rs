//! Why an agent does not serve, or that it does: the one list of reasons.
//!
//! A code is stable: operators, scripts, tests and metric labels rely on it. The prose is derived
//! from the code, never the other way round, and may change (demand report, P8; design, section
//! 6). The page "What the codes mean" is made from this list.

use std::fmt;
use std::str::FromStr;

/// What sort of reason it is, and who can do something about it: the chapters of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Nothing is wrong, or it passes by itself.
    Well,
    /// Nobody else was found.
    Finding,
    /// Others were found, and one side refuses the other.
    Refused,
    /// Servers were found, and there is no cluster yet.
    Founding,
    /// There is a cluster, and it does not serve.
    Serving,
}

impl Stage {
    /// The heading of the chapter.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Well => "Nothing is wrong, or it passes by itself",
            Self::Finding => "Nobody else was found",
            Self::Refused => "Others were found, and one side refuses the other",
            Self::Founding => "Servers were found, and there is no cluster yet",
            Self::Serving => "There is a cluster, and it does not serve",
        }
    }
}

/// A text that is no code of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no reason code of this version")]
pub struct ReasonError {
    /// The text.
    pub text: String,
}

macro_rules! reasons {
    ($($name:ident, $stage:ident, $code:literal, $meaning:literal, $advice:literal;)*) => {
        /// Why. See the page "What the codes mean".
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = concat!("`", $code, "`: ", $meaning)] $name,)*
        }

        impl Reason {
            /// Every reason, in the order of the page.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// One sentence for people, without its full stop.
            pub const fn prose(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

            /// What the operator can do.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }

            /// What sort of reason it is.
            pub const fn stage(self) -> Stage {
                match self { $(Self::$name => Stage::$stage,)* }
            }
        }
    };
}

reasons! {
    Ready, Well, "ready",
        "the agent serves requests",
        "Nothing.";
    Starting, Well, "starting",
        "the agent has just been started and has not looked around yet",
        "Nothing; it passes within a second.";
    Looking, Well, "looking",
        "the sources of join addresses are being asked",
        "Nothing for seconds; if a source is named that gives no answer, see whether this machine \
         reaches it. It gets a code of its own after its deadline, 30 s.";
    WaitingForProposer, Well, "waiting-for-proposer",
        "enough servers are here, and another one is about to propose the founding",
        "Nothing; if it stays, look at the named server's own reason.";
    FoundingInProgress, Well, "founding-in-progress",
        "servers are founding a cluster at this moment",
        "Nothing; if the proposer is lost, the others give its founding up by themselves.";
    Joining, Well, "joining",
        "a cluster exists, and this agent waits to be taken in",
        "Nothing while the cluster has a leader; else bring its servers back. If it is gone for \
         good, empty this agent's data directory, which holds nothing yet but the memory of it, and \
         start it again.";
    Formed, Well, "formed",
        "the agent is in a cluster with a leader and catches up with it",
        "Nothing; it is ready once it has applied what was committed and its node is in the \
         catalogue.";
    Leaving, Well, "leaving",
        "the agent is on its way out",
        "Nothing; start it again if that was not meant.";
    NoSources, Finding, "no-sources",
        "no join addresses are configured; waiting for others to join",
        "Set `retry_join`, or run `quorate join` on this agent or towards it.";
    DiscoveryEmpty, Finding, "discovery-empty",
        "the source answered, but listed no address",
        "See whether the others run and carry the tag or name that the source asks for; `quorate \
         discover` asks it by hand.";
    DiscoveryGaps, Finding, "discovery-gaps",
        "the source was read in part, and that part listed no address",
        "See the error of the source for the part that could not be read.";
    OnlySelf, Finding, "only-self",
        "only this agent itself was found",
        "Start the others, or list their addresses beside this one's.";
    Misconfigured, Finding, "source-misconfigured",
        "the source cannot work as it is configured",
        "Correct the entry of `retry_join` that is named and start the agent again.";
    Credentials, Finding, "credentials",
        "the source refuses the credentials, or there are none",
        "Give the agent credentials that may list, or correct them; a clock that is wrong by \
         minutes also makes a cloud refuse them.";
    Throttled, Finding, "throttled",
        "the source asks to be called less often",
        "Nothing at once: the next attempt waits as long as the source asks.";
    DiscoveryTimeout, Finding, "discovery-timeout",
        "the source did not answer in time",
        "See whether this machine reaches the source: routes, proxy, firewall.";
    DiscoveryFailed, Finding, "discovery-failed",
        "the source could not be asked, or its answer not be read",
        "See the error of the source; for a DNS name, whether it resolves on this machine.";
    PeersUnreachable, Finding, "peers-unreachable",
        "no agent answered at any of the addresses",
        "See whether agents run there, and whether port 8301 is open over TCP and UDP.";
    KeyMismatch, Refused, "gossip-key-mismatch",
        "the others use another gossip key",
        "Set the same `encrypt` on every agent, which a reload takes; the fingerprint names the key of \
         this one.";
    TlsMismatch, Refused, "tls-mismatch",
        "this agent and a server do not agree about TLS on the server port",
        "Give every agent a certificate of the same CA, the servers one for \
         `server.<datacenter>.consul`, and the same switches in the block `tls`; `quorate tls` makes \
         the files, and a reload takes them.";
    ClusterConflict, Refused, "cluster-conflict",
        "the others belong to another cluster",
        "Correct the addresses; or, if this agent shall go over to their cluster, start it with \
         an empty data directory.";
    AmbiguousCluster, Refused, "ambiguous-cluster",
        "the others belong to more than one cluster",
        "Let the sources lead to one cluster only, empty this agent's data directory, which holds \
         nothing yet but the memory of both, and start it again.";
    NodeIdConflict, Refused, "node-id-conflict",
        "two agents that are alive use one node id, and the one that came later is refused",
        "Stop the agent that came later, or give it another node id; if its data directory is a \
         copy of the other's, start it with an empty one.";
    NameConflict, Refused, "name-conflict",
        "two agents that are alive use one name, and the one that came later is refused",
        "Give the agent that came later another `node_name`, or stop one of the two.";
    WrongDatacenter, Refused, "wrong-datacenter",
        "an agent is in another datacenter than those that it calls, and they refuse it",
        "Set the same `datacenter` on it, or correct its addresses.";
    WaitingForServers, Founding, "waiting-for-servers",
        "fewer servers are here than `bootstrap_expect` asks for",
        "Start the servers that are missing, and let each find one of these.";
    WaitingUnknownPeers, Founding, "waiting-unknown-peers",
        "servers are or may be there that do not answer, and could be in a cluster",
        "Start them, open their port 8300, or take addresses that are gone for good off the list.";
    PortUnreached, Founding, "server-port-unreached",
        "servers are heard, and a server port is not reached: this one's by the others, or the \
         leader's by this one",
        "Open port 8300 of the server whose port the line names for the others, in every firewall on \
         the way, or correct its `advertise_addr`. Before a founding the others wait for this server; in \
         a cluster only this one does not serve. A leader to whom nobody gets through hands \
         leadership on after ten seconds.";
    ExpectMismatch, Founding, "expect-mismatch",
        "servers disagree about `bootstrap_expect`",
        "Set the same number on every server and start those again that had another.";
    FoundNotAsked, Founding, "found-not-asked",
        "this server was given no `bootstrap_expect` and waits for a cluster to take it in",
        "Start the cluster's servers, or set `bootstrap_expect` on every server of a new one.";
    FoundingBlocked, Founding, "founding-blocked",
        "a founding can neither go on nor be given up, because members of it do not answer",
        "Bring them back; if they are lost for good, run `quorate operator bootstrap abandon`.";
    LedgerLost, Founding, "ledger-lost",
        "the data directory holds raft data but no record of its cluster",
        "Restore the directory whole, or start with an empty one.";
    QuorumLost, Serving, "quorum-lost",
        "too many voters are missing for a leader",
        "Start those whose disks are whole, and see whether those that are there hang or have their \
         port 8300 shut; if disks are lost for good, see `quorate operator raft recover --plan`.";
    NoLeader, Serving, "no-leader",
        "in a cluster, but no leader is known",
        "Nothing for the seconds of an election; else see whether the servers reach each other's \
         port 8300.";
    NoServers, Serving, "no-servers",
        "this client knows no server that is alive",
        "Start a server, or let the sources lead to one.";
    ServersSilent, Serving, "servers-silent",
        "servers are heard by gossip, and none answers this client on its server port",
        "Open the servers' port 8300 for this client.";
    Removed, Serving, "removed",
        "this server was taken out of its cluster",
        "If it shall come back, start it with an empty data directory. It stops by itself, and does \
         not start with the old one.";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Reason {
    type Err = ReasonError;

    fn from_str(text: &str) -> Result<Self, ReasonError> {
        let found = Self::ALL.iter().find(|reason| reason.code() == text);
        found.copied().ok_or_else(|| ReasonError {
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_is_unique_and_is_read_back() {
        let codes: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(reason.code().parse(), Ok(*reason));
        }
        assert!("Ready".parse::<Reason>().is_err());
    }

    #[test]
    fn a_code_is_fit_for_a_label_and_each_says_what_to_do() {
        for reason in Reason::ALL {
            let is_fit = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(reason.code().chars().all(is_fit), "{reason}");
            assert!(!reason.prose().ends_with('.'), "{reason}");
            assert!(reason.advice().ends_with('.'), "{reason}");
        }
    }
}
