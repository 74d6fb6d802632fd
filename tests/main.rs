//! Every test that needs more than one room: one binary, so that it links once.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test ends at the unexpected, and prints what it counted"
)]

mod arrows;
mod codes;
mod formation;
mod model;
mod nasty;
mod readme;
mod support;
