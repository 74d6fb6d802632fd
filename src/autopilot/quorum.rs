//! Whether enough voters are there for a leader, and if not, whom it takes.

use std::collections::BTreeSet;
use std::fmt;

use super::{Peer, Server};
use crate::types::{MemberStatus, RaftId};

/// How many names a sentence spells out before it counts the rest.
const NAMES_SHOWN: usize = 8;

/// Too many voters are missing: there is no leader until some of them are back with their disks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumLost {
    /// How many voters there are.
    pub voters: usize,
    /// Those that are missing, sorted by name.
    pub missing: Vec<Missing>,
}

/// A voter that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The name that its agent had.
    pub name: String,
    /// What is known of it.
    pub absence: Absence,
}

/// What is known of a voter that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// It is not there; its disk may be well.
    Silent,
    /// Gossip sees it, and its server port does not answer: it hangs, or its port is shut.
    Deaf,
    /// An agent of its name is there with another disk: this one's data is probably gone.
    OtherDisk,
}

/// Who is missing, if the voters that gossip sees and that are not `deaf` are no majority.
pub fn quorum_lost(
    peers: &[Peer],
    servers: &[Server],
    deaf: &BTreeSet<RaftId>,
) -> Option<QuorumLost> {
    let alive = || {
        servers
            .iter()
            .filter(|server| server.status == MemberStatus::Alive)
    };
    let absence = |peer: &Peer| {
        let has_name = |server: &Server| server.name.as_str().eq_ignore_ascii_case(&peer.name);
        if alive().any(|server| server.raft_id == peer.raft_id) {
            deaf.contains(&peer.raft_id).then_some(Absence::Deaf)
        } else if alive().any(has_name) {
            Some(Absence::OtherDisk)
        } else {
            Some(Absence::Silent)
        }
    };
    let voters = || peers.iter().filter(|peer| peer.is_voter);
    let mut missing: Vec<Missing> = voters()
        .filter_map(|peer| {
            let absence = absence(peer)?;
            let name = peer.name.clone();
            Some(Missing { name, absence })
        })
        .collect();
    missing.sort_by(|a, b| a.name.cmp(&b.name));
    let voters = voters().count();
    let is_lost = missing.len() * 2 >= voters && !missing.is_empty();
    is_lost.then_some(QuorumLost { voters, missing })
}

impl QuorumLost {
    fn has_deaf(&self) -> bool {
        let mut missing = self.missing.iter();
        missing.any(|voter| voter.absence == Absence::Deaf)
    }
}

impl fmt::Display for QuorumLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (missing, voters) = (self.missing.len(), self.voters);
        write!(f, "{missing} of {voters} voters are missing: ")?;
        for (place, Missing { name, absence }) in self.missing.iter().take(NAMES_SHOWN).enumerate()
        {
            let separator = if place == 0 { "" } else { ", " };
            let what = match absence {
                Absence::Silent => "does not answer",
                Absence::Deaf => "is there, and its server port does not answer",
                Absence::OtherDisk => "is here with another disk",
            };
            write!(f, "{separator}{name} ({what})")?;
        }
        let more = missing.saturating_sub(NAMES_SHOWN);
        if more > 0 {
            write!(f, ", {more} more")?;
        }
        if self.has_deaf() {
            f.write_str("; look whether those that are there hang, and open their server ports")?;
        }
        f.write_str(
            "; start those whose disks are whole, or, if they are lost for good, see `quorate \
             operator raft recover --plan`",
        )
    }
}
