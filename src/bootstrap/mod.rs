//! The `bootstrap` room.

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
