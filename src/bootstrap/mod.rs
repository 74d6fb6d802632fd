//! Founding: whether this server starts a new cluster, with whom, and why not.
//!
//! Pure: no I/O, no clock, no randomness, no logging. The rules and invariants are those of the
//! design, section 5; `tests/model/bootstrap` searches this very code for a way to break them.
//!
//! # The problem
//!
//! Some servers start with empty disks, a number, and a partial view of each other. Exactly one
//! cluster must come of it, also if messages are lost, doubled or late, if servers stop at any
//! point, come back, or do not, and if there is a cluster already that some of them cannot see.
//! Founding in two places loses acknowledged writes; founding never is an outage.
//!
//! # The protocol
//!
//! It is a commit protocol with one coordinator and witnesses, placed before raft's first entry:
//!
//! ```text
//!   proposer (smallest node id)          members              witnesses
//!      | decide -> Propose                  |                     |
//!      | write Preparing(P)                 |                     |
//!      |------------- Prepare(P) ---------->|-------------------->|
//!      |                       write Promised(P)      write Promised(P)
//!      |<------------ Yes, and how many servers I know -----------|
//!      | all members, and more than half of all that could be     |
//!      | write Founding(P)                  |                     |
//!      | decide -> Initialize(P), once      |                     |
//!      |------------- raft for P ---------->|                     |
//!      |                       write Founding(P), let raft in     |
//!      |       a quorum has it: P has committed                   |
//!      | write Member(P)        write Member(P)                   |
//!      |------------- raft for P, committed --------------------->|
//!      |                                              write Member(P), join
//! ```
//!
//! A no from a member, or the time limit, ends it: `Over(P)` frees who promised. The seats of the
//! ledger, and who moves it from one to the next:
//!
//! ```text
//!             tally          tally            decide (raft committed)
//!   Blank ------> Preparing ------> Founding ------------------------> Member
//!    | ^  answer                    ^   |  ^                             ^
//!    | +------> Promised -----------+   |  | door: raft speaks for P     |
//!    |            | |  door: raft speaks for P, which has committed      |
//!    |            | +----------------------------------------------------+
//!    |  over,     |                     | over, abandoned
//!    +<-----------+            Wiping <-+
//!    ^  abandoned                 | raft state wiped
//!    +----------------------------+
//! ```
//!
//! # Why one cluster
//!
//! - A disk promises one founding at a time, and a founding takes more than half of all servers
//!   there could be, by the count of whoever consents and knows most. Two such majorities share a
//!   disk ([`Tally`]; rules 5, 7 and 8).
//! - That disk is free for the second founding only once the first is over, and it is over only if
//!   it can never commit ([`Fate::Dead`]): its proposer gave it up before founding, or one member
//!   never promised and never will, or so many members refuse that no quorum is left (rule 9).
//! - A refusal binds: the door stays shut to raft ([`admit`]) until the founding has committed
//!   elsewhere, which it cannot once refusals leave no quorum.
//! - `initialize` is called on one disk, with the set that was promised ([`Decision::Initialize`]).
//! - A server that is in a cluster, or heard of one, neither promises nor proposes (rule 1), and
//!   silence is never taken for blankness (rule 4).
//!
//! # Why one at all
//!
//! A promise ends with the proposer's word, which comes by itself, on being asked, or with its next
//! proposal ([`Ballot`]). If the proposer is silent, the members end it among themselves, or carry
//! it on if raft has spoken to one of them. What is left are servers that are lost for ever in the
//! moment between; then [`Waiting::Blocked`] names them, and [`Ledger::abandoned`] is the
//! operator's way out.
//!
//! # What it does not do
//!
//! Servers that know of disjoint sets of servers found two clusters; no protocol without an
//! arbiter can prevent that. And `-bootstrap` founds without consent, by the operator's word.
//!
//! # What the driver owes
//!
//! 1. At a start: load the [`Ledger`] and write [`Ledger::restarted`], if there is one, before it
//!    speaks. A ledger that is missing beside an old raft id means a new raft id.
//! 2. One writer: a ledger that was decided on is the one on disk, and the next is written, synced,
//!    before the answer, message or raft call that it stands for.
//! 3. Call [`decide()`] after every change of the facts and carry out what it says. Begin a
//!    [`Tally`] on [`Decision::Propose`], ask [`Message::Prepare`] of [`Tally::asked`], and ask for the
//!    verdict after every answer. After an abort send [`Message::Over`] and back off with jitter.
//! 4. Answer [`Message`]s by [`answer()`], and pass raft messages through [`admit`], in an envelope
//!    that says [`Ledger::raft_cluster`] and whether there is a [`Ledger::cluster`].
//! 5. Patience ([`View::is_overdue`]) is longer than the time limit of a proposal; after it ask
//!    anew about once a second, by clearing [`View::fates`].

mod answer;
mod bound;
mod decide;
mod door;
mod ledger;
mod message;
mod proposal;
mod tally;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod view;
mod waiting;

pub use answer::{Step, answer};
pub use decide::{Change, Decision, Draft, Question, decide};
pub use door::{Admission, Shut, Speech, admit};
pub use ledger::{Ledger, Seat};
pub use message::{Answer, Fate, Message, No, Says, Standing};
pub use proposal::{Ballot, MEMBERS_MAX, Proposal, Server};
pub use tally::{Aborted, Tally, Verdict};
pub use view::{Contact, Expectation, Own, Peer, Raft, Safety, View};
pub use waiting::Waiting;
