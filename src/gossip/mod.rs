//! Gossip: who is here, what each says of itself, who left and who failed.
//!
//! It finds nobody and decides nothing: the join engine gives it addresses, the agent reads its
//! list and founds or joins on that. What is here comes from the gossip study (decisions 1 to 8),
//! the design (section 4, the door; section 5, rule 0) and the agent reference (1.3, 1.6, 2.9).
//!
//! ```text
//!  agent --- Gossip (handle) ---- join, announce, leave, force_leave --+
//!               ^                                                     |
//!               | members, conflicts (watch)                          v
//!  8301/udp -> shell/datagrams -> wire::Door -----------------> +-----------+
//!                                                               |  machine  | one step at a time
//!  8301/tcp -> shell/streams --> shell/exchange, wire::stream -> +-----------+
//!                                                                |         |
//!                                            table: who is admitted,    swim: foca,
//!                                            what is shown of whom      who is alive
//! ```
//!
//! - **`table`** decides: rules, words, intents, statuses. No I/O, no clock.
//! - **`swim`** is foca with our parts in it. It hears only of members that the table admitted.
//! - **`machine`** joins the two; no sockets, so tests run fifty of them in virtual time.
//! - **`shell`** owns sockets, streams and tasks; **`wire`** the bytes.
//!
//! A member's word travels in three ways: in the lists of a push/pull, as news that rides on
//! datagrams, and again in push/pulls with random members for those who missed both.

mod config;
mod conflict;
mod conflict_log;
mod counters;
mod error;
mod handle;
mod identity;
mod key;
mod keys;
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
pub use conflict::{Conflict, ConflictKind, Party, RefusedBy};
pub use conflict_log::SeenConflict;
pub use counters::Counters;
pub use error::GossipError;
pub use handle::{Gossip, JoinReport};
pub use key::{Fingerprint, Key, KeyError};
pub use keys::{KeyUse, Keys, ShownKeys};
