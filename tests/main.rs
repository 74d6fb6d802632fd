//! Every test that needs more than one room: one binary, so that it links once.

mod arrows;
mod formation;
mod support;
