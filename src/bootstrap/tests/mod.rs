//! The tests of the room, one file for each of its own.

mod answer;
mod bound;
mod decide;
mod door;
mod ledger;
mod tally;
mod waiting;
