//! The retry-join engine: when to look for peers, when to rest, when to begin again, and when to
//! give up.
//!
//! It decides; a driver does. The driver hands over each [`Event`] as it happens, carries out the
//! [`Action`]s that come back, and owns everything that is not decided here: clock, randomness,
//! sockets, look-ups, their deadlines, logs.
//!
//! Pure: no I/O, no clock, no randomness, no logging. An [`Engine`] is a value: it can be cloned,
//! compared and hashed, so a checker can visit every state (`tests/model/join.rs`).
//!
//! ```text
//!        Started            joined, leader known, every source heard
//!  New ----------> Seeking ------------------------------------------> Resting
//!                   |   ^                                                 |
//!                   |   +--- refresh, LeaderLost, Isolated, BelowFloor, --+
//!                   |        Asked, Changed
//!                   v
//!                Stopped: told to (from every state), all sources exhausted, a `Once` failed
//!
//!  each source:  Idle -> Resolving -> Joining -> Sleeping -> Resolving ...
//!                           |            |
//!                           +------------+-----> Ended: exhausted, misconfigured
//! ```
//!
//! Rules: design, section 6; agent reference, 1.1 and 1.2, for what Consul's retry joiner does;
//! demand report, P2, for what it should have done. It differs from Consul on purpose:
//!
//! - One's own address is not a join, so an agent that found only itself keeps looking. As such an
//!   agent is content in Consul, its source is never exhausted nor fatal here either.
//! - It rests instead of ending, looks again slowly, and at once when the cluster is lost. While it
//!   rests no two calls of APIs are closer than [`Policy::refresh`], and no source is asked before
//!   its last answer may have changed; addresses at which a member is alive are left alone.
//! - A server that awaits others to found a cluster with looks again within seconds of an attempt that
//!   worked, however long it has waited, within bounds ([`Policy::founds`]).
//! - Sources run side by side, each with its own count and backoff.

#![warn(
    clippy::wildcard_enum_match_arm,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type,
    clippy::missing_const_for_fn
)]

mod action;
mod backoff;
mod engine;
mod event;
mod evidence;
mod policy;
mod source;
#[cfg(test)]
mod tests;

pub use action::{Action, Actions, Notice, Outcome, Token, Waker, Window};
pub use engine::{Engine, Phase};
pub use event::{Event, Failure, Found, Retry};
pub use evidence::Evidence;
pub use policy::Policy;
pub use source::{Activity, Cost, Ended, Kind, Manner, Source, SourceId};

pub use crate::types::Reason;
