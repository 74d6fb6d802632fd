//! What must hold after every step, whatever happened: the invariants of the design, section 5, as
//! far as they show on disks, in member lists and in raft configurations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::FutureExt as _;
use quorate::bootstrap::{Ledger, Seat};
use quorate::datadir::DataDir;
use quorate::http::RaftConfiguration;
use quorate::types::{Announcement, ClusterId, MemberStatus};

use crate::computer::Computer;
use crate::story;

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Oracle {
    /// The ledger on each disk, with the count of changes at which it was read.
    ledgers: BTreeMap<usize, (u64, Ledger)>,
    /// The clusters that a disk of each family was ever a member of.
    clusters: BTreeMap<char, BTreeSet<ClusterId>>,
    /// The term of each disk that is a member, and who led a cluster in a term.
    terms: BTreeMap<usize, u64>,
    leaders: BTreeMap<(ClusterId, u64), usize>,
    told: BTreeSet<String>,
}

impl Oracle {
    /// Looks at every disk and every agent.
    pub fn check(&mut self, computers: &[Computer]) {
        for (at, computer) in computers.iter().enumerate() {
            self.check_disk(at, computer);
            self.check_lists(computer);
            if !computer.is_copy {
                self.check_term(at, computer);
            }
        }
    }

    /// Forgets what was on a disk that was wiped by the weather.
    pub fn wiped(&mut self, at: usize) {
        self.ledgers.remove(&at);
        self.terms.remove(&at);
    }

    /// The clusters that a family has founded: one, or none yet.
    pub fn clusters(&self, family: char) -> usize {
        self.clusters.get(&family).map_or(0, BTreeSet::len)
    }

    /// Notes a broken rule once.
    fn broken(&mut self, text: String) {
        if self.told.insert(text.clone()) {
            story::fail(&text);
        }
    }

    fn check_disk(&mut self, at: usize, computer: &Computer) {
        let changes = computer.disk.changes();
        if self
            .ledgers
            .get(&at)
            .is_some_and(|(seen, _)| *seen == changes)
        {
            return;
        }
        let dir = DataDir::on(Arc::new(computer.disk.clone()));
        let now: Ledger = match dir.load("founding") {
            Ok(ledger) => ledger.unwrap_or_default(),
            Err(error) => return self.broken(format!("a ledger cannot be read: {error}")),
        };
        let before = self.ledgers.insert(at, (changes, now.clone()));
        let before = before.map(|(_, ledger)| ledger).unwrap_or_default();
        let name = &computer.role.name;
        let knew = before.cluster().is_some() || !before.heard().is_empty();
        let is_bound =
            |ledger: &Ledger| matches!(ledger.seat(), Seat::Preparing(_) | Seat::Promised { .. });
        if knew && is_bound(&now) && !is_bound(&before) {
            self.broken(format!(
                "I3: {name} knew of a cluster and bound itself to a founding"
            ));
        }
        if let (Some(old), new) = (before.cluster(), now.cluster())
            && new != Some(old)
        {
            self.broken(format!("I1: {name} was in cluster {old} and is in {new:?}"));
        }
        if let Some(cluster) = now.cluster() {
            let family = computer.role.family;
            let others: Vec<char> = self
                .clusters
                .iter()
                .filter(|(other, ids)| **other != family && ids.contains(&cluster))
                .map(|(other, _)| *other)
                .collect();
            let ids = self.clusters.entry(family).or_default();
            ids.insert(cluster);
            if ids.len() > 1 {
                let all = format!("I1: two clusters in family {family}: {ids:?}");
                self.broken(all);
            }
            if let Some(other) = others.first() {
                self.broken(format!("I5: {name} is in a cluster of family {other}"));
            }
        }
    }

    /// A vote is on disk before it is given: no member's term goes back, and no term has two leaders.
    fn check_term(&mut self, at: usize, computer: &Computer) {
        let cluster = self.ledgers.get(&at).and_then(|(_, l)| l.cluster());
        let stats = computer.with(|node| node.own().stats);
        let raft = stats.as_ref().and_then(|stats| stats.get("raft"));
        let says = |key| raft.and_then(|raft| raft.get(key)).cloned();
        let term = says("term").and_then(|term| term.parse::<u64>().ok());
        let (Some(cluster), Some(term)) = (cluster, term) else {
            return;
        };
        let name = &computer.role.name;
        let before = self.terms.insert(at, term).unwrap_or(0);
        if term < before {
            self.broken(format!(
                "I8: {name} forgot a vote: from term {before} to {term}"
            ));
        }
        if says("state").is_some_and(|state| state == "Leader") {
            let leader = *self.leaders.entry((cluster, term)).or_insert(at);
            if leader != at {
                self.broken(format!("I8: {name} is the second leader of term {term}"));
            }
        }
    }

    fn check_lists(&mut self, computer: &Computer) {
        let name = computer.role.name.clone();
        let members = computer.with(|node| node.members()).unwrap_or_default();
        let is_own = |says: &Announcement| says.gossip_addr.ip() == computer.ip;
        let own = members.iter().find(|member| is_own(&member.says));
        let own = own.and_then(|member| member.says.cluster);
        let strangers = members.iter().filter(|member| {
            own.is_some() && member.says.cluster.is_some() && member.says.cluster != own
        });
        for member in strangers {
            let other = &member.says.name;
            self.broken(format!("I5: {name} lists {other} of another cluster"));
        }
        for peer in configuration(computer).map(|c| c.peers).unwrap_or_default() {
            if !peer.name.starts_with(computer.role.family) {
                let other = &peer.name;
                self.broken(format!(
                    "I5: {other} is in the raft configuration of {name}"
                ));
            }
        }
    }
}

/// The raft configuration as a server has it.
pub fn configuration(computer: &Computer) -> Option<RaftConfiguration> {
    computer.role.expect?;
    let answer = computer.with(|node| node.raft_configuration(true).now_or_never())??;
    answer.ok()
}

/// How many members an agent holds for alive.
pub fn alive(computer: &Computer) -> usize {
    let members = computer.with(|node| node.members()).unwrap_or_default();
    let is_alive = |status| status == MemberStatus::Alive;
    members.iter().filter(|m| is_alive(m.status)).count()
}
