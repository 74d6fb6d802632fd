//! Gossip: who is here, what each says of itself, and who is gone.

mod config;
mod conflict;
mod counters;
mod error;
mod handle;
mod identity;
mod key;
mod machine;
mod shell;
mod swim;
mod table;
mod wire;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use config::{GossipConfig, Tuning};
pub use conflict::{Conflict, ConflictKind, Party, SeenConflict};
pub use counters::Counters;
pub use error::GossipError;
pub use handle::{Gossip, JoinReport};
pub use key::{Fingerprint, Key, KeyError};
