//! The tests of the room, one file for each of its own.

mod answer;
mod bound;
mod consent;
mod decide;
mod door;
mod ledger;
mod tally;
mod waiting;
