//! The decision: what a server does next about founding, by all it knows.
//!
//! A list of rules in order; the first that has an answer wins. A function of the facts, without
//! history, so it may be called at any time and twice with no harm. The rules are those of the
//! design, section 5. Rules 2 to 5 all say wait, so their order is safe in any way; here the most
//! telling reason comes first. Rule 9 lives in `bound`.

use std::collections::BTreeSet;

use crate::types::{ClusterId, NodeName};

use super::{
    Contact, Expectation, Ledger, Proposal, Raft, Seat, Server, Standing, View, Waiting, bound,
};

/// What to do next. The driver must know every one of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Write this ledger, synced; then decide anew.
    Write {
        /// The next ledger.
        ledger: Ledger,
        /// What it records.
        change: Change,
    },
    /// Wipe the raft state of this dead founding, then write [`Ledger::wiped`].
    Wipe(ClusterId),
    /// Call raft's `initialize` with exactly these members (rule 8). The ledger already says so;
    /// after a crash between the two the decision comes again.
    Initialize(Proposal),
    /// Ask these servers, and come back with what they say.
    Ask(Vec<Question>),
    /// Mint a cluster id and begin a [`Tally`](super::Tally) with this draft (rule 6).
    Propose(Draft),
    /// Found nothing: wait to be adopted by this cluster (rule 1).
    Join(ClusterId),
    /// Serve: this server is in this cluster, which has committed.
    Serve(ClusterId),
    /// Do nothing, and say why.
    Wait(Waiting),
}

/// What a written ledger records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Another server is in this cluster (rule 1).
    Heard(ClusterId),
    /// This cluster has committed its founding.
    Committed(ClusterId),
    /// The proposer of this cluster is silent: it is given up, so far as this member is concerned
    /// (rule 9).
    Refused(ClusterId),
    /// The founding of this cluster cannot fail any more: the refusal is lifted (rule 9).
    Lifted(ClusterId),
    /// The founding of this cluster is dead (rule 9).
    Released(ClusterId),
}

/// A question for one server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// Whom to ask.
    pub to: Server,
    /// The proposal to ask about, or nothing to ask where the server stands.
    pub about: Option<Proposal>,
}

/// A proposal without its cluster id, which only the driver can mint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Draft {
    /// The members, this server among them, in ascending order of node id.
    pub members: Vec<Server>,
    /// The other blank servers: members and witnesses, all to be asked.
    pub ask: Vec<Server>,
}

/// A rule: its decision, if it has one.
type Rule = fn(&View) -> Option<Decision>;

/// Decides.
pub fn decide(view: &View) -> Decision {
    let rules: [Rule; 13] = [
        lost,
        remember,
        seated,
        bound::decide,
        join,
        not_asked,
        ask,
        mismatch,
        silent,
        in_progress,
        unheard,
        too_few,
        stand_by,
    ];
    rules
        .iter()
        .find_map(|rule| rule(view))
        .unwrap_or_else(|| propose(view))
}

/// Raft data without a ledger founds nothing (invariant I3; hazard R5 of the raft study).
fn lost(view: &View) -> Option<Decision> {
    view.is_lost()
        .then_some(Decision::Wait(Waiting::LedgerLost))
}

/// Rule 1: that a cluster exists is remembered on disk, once a member of it has said so. The word
/// of another counts while it is given, but is not remembered: else it could never be taken back.
fn remember(view: &View) -> Option<Decision> {
    view.clusters()
        .into_iter()
        .filter(|(_, is_own_word)| *is_own_word)
        .find_map(|(cluster, _)| {
            let ledger = view.ledger.with_heard(cluster)?;
            let change = Change::Heard(cluster);
            Some(Decision::Write { ledger, change })
        })
}

/// Rules 8 and 9: what was begun is finished first.
fn seated(view: &View) -> Option<Decision> {
    match view.ledger.seat() {
        Seat::Member(cluster) => Some(Decision::Serve(*cluster)),
        Seat::Wiping(proposal) => Some(Decision::Wipe(proposal.cluster)),
        Seat::Founding(proposal) => {
            let is_founder = proposal.ballot.proposer == view.own.server.raft_id;
            (is_founder && view.own.raft == Raft::Pristine)
                .then(|| Decision::Initialize(proposal.clone()))
        }
        Seat::Blank | Seat::Preparing(_) | Seat::Promised { .. } => None,
    }
}

/// Rule 1: where a cluster is, none is founded; where two are, none is joined (section 4).
fn join(view: &View) -> Option<Decision> {
    let clusters: Vec<ClusterId> = view.clusters().into_keys().collect();
    match clusters.as_slice() {
        [] => None,
        [cluster] => Some(Decision::Join(*cluster)),
        _ => Some(Decision::Wait(Waiting::Ambiguous { clusters })),
    }
}

/// Rule 3: a server without a number founds nothing.
fn not_asked(view: &View) -> Option<Decision> {
    let is_told = view.own.expectation.is_told();
    (!is_told).then_some(Decision::Wait(Waiting::NotAsked))
}

/// Invariant I4: every server speaks for itself.
fn ask(view: &View) -> Option<Decision> {
    let unasked: Vec<Question> = view
        .alive()
        .filter(|peer| peer.contact == Contact::Unasked)
        .map(|peer| Question {
            to: peer.server.clone(),
            about: None,
        })
        .collect();
    (!unasked.is_empty()).then_some(Decision::Ask(unasked))
}

/// Rule 3: servers that disagree found nothing. A server with `-bootstrap` disagrees with every
/// number, as in Consul (agent reference, 2.3 step 3c); itself it asks nobody (rule 10).
fn mismatch(view: &View) -> Option<Decision> {
    let own = view.own.expectation;
    if own == Expectation::Alone {
        return None;
    }
    let others: Vec<(NodeName, Expectation)> = view
        .alive()
        .filter(|peer| peer.expectation.is_told() && peer.expectation != own)
        .map(|peer| (peer.server.name.clone(), peer.expectation))
        .collect();
    (!others.is_empty()).then_some(Decision::Wait(Waiting::Mismatch { own, others }))
}

/// Rule 4: a server that is alive and does not answer may be in a cluster.
fn silent(view: &View) -> Option<Decision> {
    let silent: Vec<NodeName> = view
        .alive()
        .filter(|peer| matches!(peer.standing(), None | Some(Standing::Lost)))
        .map(|peer| peer.server.name.clone())
        .collect();
    (!silent.is_empty()).then_some(Decision::Wait(Waiting::UnknownPeers {
        silent,
        unreached: Vec::new(),
        sources: Vec::new(),
    }))
}

/// Lets a proposer that is alive finish, which takes no longer than its time limit, rather than
/// compete with it.
fn in_progress(view: &View) -> Option<Decision> {
    view.alive().find_map(|peer| match peer.standing() {
        Some(Standing::Proposing(cluster)) => Some(Decision::Wait(Waiting::InProgress {
            cluster,
            proposer: Some(peer.server.name.clone()),
        })),
        _ => None,
    })
}

/// Rule 2: founds with as many blank servers as are expected, and no fewer.
fn too_few(view: &View) -> Option<Decision> {
    let Expectation::Servers(expect) = view.own.expectation else {
        return None;
    };
    let here: Vec<NodeName> = founders(view).map(|server| server.name.clone()).collect();
    let is_enough = usize::try_from(expect).is_ok_and(|expect| here.len() >= expect);
    (!is_enough).then_some(Decision::Wait(Waiting::Servers { here, expect }))
}

/// Rule 5: the blank servers here are more than half of all that could be servers; with
/// `strict`, every one of them is here.
fn unheard(view: &View) -> Option<Decision> {
    if view.is_enough(view.consent(), view.electorate()) {
        return None;
    }
    let silent = view
        .peers
        .values()
        .filter(|peer| view.counts(peer) && peer.standing() != Some(Standing::Blank))
        .map(|peer| peer.server.name.clone())
        .collect();
    Some(Decision::Wait(Waiting::UnknownPeers {
        silent,
        unreached: view.unreached.iter().cloned().collect(),
        sources: view.open_sources.iter().cloned().collect(),
    }))
}

/// Rule 6: the smallest node id proposes; the others wait for it.
fn stand_by(view: &View) -> Option<Decision> {
    let proposer = founders(view).next()?;
    (proposer != &view.own.server).then(|| {
        Decision::Wait(Waiting::StandBy {
            proposer: proposer.name.clone(),
        })
    })
}

/// Rule 6, and rule 10 for `-bootstrap`: the members are the expected number of servers with the
/// smallest node ids, equal on every server that holds equal facts. All blank servers are asked.
fn propose(view: &View) -> Decision {
    let (count, ask) = match view.own.expectation {
        Expectation::Nothing => return Decision::Wait(Waiting::NotAsked),
        Expectation::Alone => (1, Vec::new()),
        Expectation::Servers(expect) => {
            let blank = view.blank().map(|peer| peer.server.clone());
            (
                usize::try_from(expect).unwrap_or(usize::MAX),
                blank.collect(),
            )
        }
    };
    let members = founders(view).take(count).cloned().collect();
    Decision::Propose(Draft { members, ask })
}

/// The blank servers that were told the same as this one, this one included, in ascending order
/// of node id.
fn founders(view: &View) -> impl Iterator<Item = &Server> {
    let others = view
        .blank()
        .filter(|peer| peer.expectation == view.own.expectation)
        .map(|peer| &peer.server);
    let all: BTreeSet<&Server> = others.chain([&view.own.server]).collect();
    all.into_iter()
}
