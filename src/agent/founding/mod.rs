//! Carries out the founding: gathers facts, asks the rules of [`bootstrap`](crate::bootstrap),
//! writes what they say to disk before anybody hears of it, and does what they decide.
//!
//! Decides nothing itself. What it adds is time: how long an answer is fresh, how long a proposal
//! may take, and when a founding is overdue.

mod abandon;
mod book;
mod callers;
mod door;
mod events;
mod facts;
mod leader_port;
mod quorum;
mod round;
mod terms;
mod unheard;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use tracing::{debug, info, warn};

use super::{End, obstacle};
use crate::bootstrap::{
    self, Answer, Change, Decision, Ledger, Message, Proposal, Question, Seat, Speech,
};
use crate::types::{ClusterId, NodeId, RaftId, Reason};
use crate::why::Said;

pub(super) use book::{Book, RECORD};
use callers::Callers;
use events::Events;
use facts::Heard;
use leader_port::LeaderPort;
pub(super) use terms::{FoundingError, Rooms, Terms};
use unheard::Unheard;

/// How long a server may take to say where it stands. Chosen: a hundred round trips of a
/// datacenter, and a disk that is busy.
const ASK_DEADLINE: Duration = Duration::from_secs(1);
/// How often facts are looked at again when nothing announces a change.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long `-bootstrap` waits for the first word of its sources.
const SOURCES_DEADLINE: Duration = Duration::from_secs(10);
/// Pause after a disk or raft error, so that it is not logged a thousand times a second.
const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// The founding of one server.
#[derive(Debug)]
pub(super) struct Founding {
    terms: Terms,
    rooms: Rooms,
    book: Mutex<Book>,
    speech: watch::Receiver<Option<Speech>>,
    heard: std::sync::Mutex<Heard>,
    /// Every source was asked once, or had its time.
    sources_heard: watch::Sender<bool>,
    said: watch::Sender<Said>,
    callers: Callers,
    unheard: Unheard,
    leader_port: LeaderPort,
    changed: Notify,
}

impl Founding {
    pub(super) fn new(terms: Terms, rooms: Rooms, book: Book) -> Self {
        Self {
            terms,
            rooms,
            speech: book.speech(),
            book: Mutex::new(book),
            heard: std::sync::Mutex::default(),
            sources_heard: watch::Sender::new(false),
            said: watch::Sender::new(words::starting()),
            callers: Callers::default(),
            unheard: Unheard::new(),
            leader_port: LeaderPort::default(),
            changed: Notify::new(),
        }
    }

    /// Where the founding stands.
    pub(super) fn said(&self) -> Said {
        self.said.borrow().clone()
    }

    /// Follows where the founding stands.
    pub(super) fn watch(&self) -> watch::Receiver<Said> {
        self.said.subscribe()
    }

    /// Who calls this server's port.
    pub(super) const fn callers(&self) -> &Callers {
        &self.callers
    }

    /// Answers another server; what binds is on disk before this returns.
    pub(super) async fn answer(
        &self,
        from: NodeId,
        message: &Message,
    ) -> Result<Answer, FoundingError> {
        self.callers.note(from);
        let mut book = self.book.lock().await;
        let step = bootstrap::answer(&self.view(&book), message);
        if let Some(next) = step.write {
            self.log_promise(from, &next);
            let written = self.write(&mut book, next).await;
            written.inspect_err(|error| {
                warn!(target: "agent.server", error = %super::lookup::chain(error),
                    "word not given to a proposer");
            })?;
        }
        Ok(step.answer)
    }

    /// Works at the founding until this server is in a cluster; from then on says whether that
    /// cluster can have a leader.
    pub(super) async fn run(self: Arc<Self>) {
        let founding = async {
            self.hear_sources().await;
            Arc::clone(&self).found().await;
        };
        let hearing = async {
            obstacle::sources_heard(self.rooms.evidence.clone()).await;
            self.sources_heard.send_replace(true);
        };
        let ports = async { tokio::join!(self.watch_port(), self.watch_leader_port()) };
        tokio::join!(founding, hearing, self.hear_raft(), ports);
    }

    /// Once raft has written on this disk, an empty log is a lost one.
    async fn hear_raft(&self) {
        self.rooms.raft.has_spoken().await;
        if let Err(error) = self.book.lock().await.note_spoken().await {
            warn!(target: "agent.server", error = %super::lookup::chain(&error),
                "note of an unwritten raft log not removed; the next start does it");
        }
    }

    async fn found(self: Arc<Self>) {
        let mut failures = 0_u32;
        let mut events = Events::new(&self.rooms);
        loop {
            events.mark();
            let decision = {
                let book = self.book.lock().await;
                bootstrap::decide(&self.view(&book))
            };
            let serving = match decision {
                Decision::Serve(cluster) => Some(cluster),
                _ => None,
            };
            match self.perform(decision, &mut failures, &mut events).await {
                Ok(()) => {
                    if let Some(cluster) = serving {
                        return self.watch_quorum(cluster).await;
                    }
                }
                Err(error) => {
                    warn!(target: "agent.server", error = %super::lookup::chain(&error),
                        "founding step not done, will retry");
                    tokio::time::sleep(ERROR_PAUSE).await;
                }
            }
        }
    }

    /// A server that asks nobody (`-bootstrap`) looks first at whom its sources lead to: where a
    /// cluster is, it joins (rule 1). Who does not answer in time is not heeded (rule 10).
    async fn hear_sources(&self) {
        if self.terms.expectation != bootstrap::Expectation::Alone {
            return;
        }
        let mut evidence = self.rooms.evidence.clone();
        let heard = evidence.wait_for(|evidence| evidence.is_first_round_over);
        let _heard_or_late = tokio::time::timeout(SOURCES_DEADLINE, heard).await;
    }

    async fn perform(
        &self,
        decision: Decision,
        failures: &mut u32,
        events: &mut Events,
    ) -> Result<(), FoundingError> {
        match decision {
            Decision::Write { ledger, change } => self.record(ledger, change).await?,
            Decision::Initialize(proposal) => self.initialize(&proposal).await?,
            Decision::Ask(questions) => self.ask(questions).await,
            Decision::Propose(draft) => self.propose(draft, failures).await?,
            Decision::Wipe(cluster) => self.wipe(cluster).await,
            Decision::Join(cluster) => {
                let gossip = &self.rooms.gossip;
                let said = obstacle::absence(gossip, cluster);
                let said = said.unwrap_or_else(|| words::joining(cluster, &gossip.members()));
                self.wait(said, events).await;
            }
            Decision::Serve(cluster) => {
                // A crash may have come between the two records.
                self.rooms
                    .membership
                    .enter(cluster)
                    .await
                    .map_err(FoundingError::Disk)?;
                self.say(words::formed(cluster));
            }
            Decision::Wait(waiting) => self.wait(words::waiting(&waiting), events).await,
        }
        Ok(())
    }

    /// Writes what a rule decided, if it still decides so: the facts may have changed while the
    /// ledger was free.
    async fn record(&self, ledger: Ledger, change: Change) -> Result<(), FoundingError> {
        let mut book = self.book.lock().await;
        let decided = Decision::Write {
            ledger: ledger.clone(),
            change,
        };
        if bootstrap::decide(&self.view(&book)) == decided {
            log_change(change);
            self.write(&mut book, ledger).await?;
        }
        Ok(())
    }

    /// Hands the founding entry to raft, which elects at once.
    async fn initialize(&self, proposal: &Proposal) -> Result<(), FoundingError> {
        let members = proposal.members.iter().map(round::as_voter).collect();
        let raft = &self.rooms.raft;
        raft.initialize(members)
            .await
            .map_err(FoundingError::Raft)?;
        // The status follows the log a moment later; until then the rule would say it again.
        let mut status = raft.watch_status();
        let shown = status.wait_for(|status| status.last_log.is_some()).await;
        shown.map(drop).map_err(FoundingError::Raft)
    }

    /// Ends this life of the agent; the next one wipes the raft state before it opens it.
    async fn wipe(&self, cluster: ClusterId) {
        warn!(target: "agent.server", cluster_id = %cluster,
            "the founding is dead; restarting with blank raft state");
        let _already_ending = self.rooms.end.try_send(End::Restart);
        std::future::pending::<()>().await;
    }

    /// Writes the ledger to disk, then lets the rest of the agent know.
    async fn write(&self, book: &mut Book, next: Ledger) -> Result<(), FoundingError> {
        let is_entering = next.cluster().is_some() && book.ledger().cluster().is_none();
        if is_entering && self.raft_state() == bootstrap::Raft::Pristine {
            book.note_unspoken().await.map_err(FoundingError::Disk)?;
        }
        book.write(next).await.map_err(FoundingError::Disk)?;
        if let Some(cluster) = book.ledger().cluster() {
            self.rooms
                .membership
                .enter(cluster)
                .await
                .map_err(FoundingError::Disk)?;
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Asks servers at once and takes note of their answers and of their silence.
    async fn ask(&self, questions: Vec<Question>) {
        let asked = questions.into_iter().map(|question| async move {
            let message = match &question.about {
                Some(proposal) => Message::AskAbout(proposal.clone()),
                None => Message::Ask,
            };
            let answer = round::send(&self.rooms.pool, &question.to, message, ASK_DEADLINE).await;
            (question, answer)
        });
        let answers = futures_util::future::join_all(asked).await;
        let members = self.rooms.gossip.members();
        let mut heard = facts::lock(&self.heard);
        heard.forget_strangers(&members);
        for (question, answer) in answers {
            heard.note(&question, answer);
        }
    }

    /// Notes where the founding stands. What the agent as a whole waits for is told elsewhere.
    fn say(&self, said: Said) {
        self.said.send_if_modified(|now| {
            if *now == said {
                return false;
            }
            // "No known peers" is what people and scripts wait for (agent reference, 2.11).
            let is_alone = [Reason::WaitingForServers, Reason::WaitingUnknownPeers];
            if now.reason == Reason::Starting && is_alone.contains(&said.reason) {
                warn!(target: "agent.server.raft", reason = %said.reason, detail = said.line,
                    "no known peers, aborting election");
            } else {
                debug!(target: "agent.server", reason = %said.reason, detail = said.line,
                    "founding");
            }
            *now = said;
            true
        });
    }

    /// Says why it waits, and waits until a fact may have changed since `events` was marked.
    async fn wait(&self, said: Said, events: &mut Events) {
        self.say(said);
        tokio::select! {
            () = self.changed.notified() => {}
            () = events.next() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }

    /// Logs a promise as Consul logs the attempt: every member of the set says it.
    fn log_promise(&self, from: NodeId, next: &Ledger) {
        let Seat::Promised {
            proposal,
            refused: false,
        } = next.seat()
        else {
            return;
        };
        if proposal.has(self.terms.server.raft_id) {
            let nodes = round::listed(proposal);
            info!(target: "agent.server", proposer = %from, "Attempting bootstrap with nodes: {nodes}");
        }
    }
}

fn log_change(change: Change) {
    match change {
        Change::Heard(cluster) => {
            info!(target: "agent.server", cluster_id = %cluster,
                "existing cluster found, disabling bootstrap mode");
        }
        Change::Committed(cluster) => {
            info!(target: "agent.server", cluster_id = %cluster, "cluster founded");
        }
        Change::Refused(cluster) | Change::Lifted(cluster) | Change::Released(cluster) => {
            warn!(target: "agent.server", cluster_id = %cluster, change = ?change,
                "the proposer of a founding was silent");
        }
    }
}

/// Answers by disk.
type ByDisk<T> = BTreeMap<RaftId, T>;
