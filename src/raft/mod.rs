//! Consensus: openraft in a shell, so that no other room knows that it is openraft.
//!
//! The room keeps the log and the vote on disk, applies committed commands to [`State`], makes
//! and installs snapshots, and turns openraft's metrics and errors into plain values. It decides
//! nothing about who belongs to the cluster: [`Raft::initialize`] is called by a founding decision
//! only (design, section 5), and peers are added, promoted and removed by whoever leads.
//!
//! It does not know sockets or gossip. Messages leave by [`Transport`] and arrive by
//! [`Raft::handle`]. Each names the raft node it is meant for and is refused by any other, which
//! is half of the guard against hazards R1 and R2 of the raft study; the other half, the cluster
//! id, is named by the frame that carries the message.
//!
//! Rules come from the raft study (hazards R1 to R12), design sections 4, 5 (I7, I8), 7 and 9, and
//! openraft 0.10.0-alpha.37 by file where a comment says so.
//!
//! ```text
//! Raft (handle) --> openraft core --> log      votes and entries, fsync before acknowledgement
//!    ^    |                       --> machine  State behind arc-swap --> snapshot files
//!    |    +-- status, errors      --> network  messages --> Transport
//!    +-- handle(bytes) from peers
//! ```
//!
//! [`State`]: crate::state::State

mod config;
mod ending;
mod error;
mod handle;
mod lease;
mod log;
mod machine;
mod membership;
mod network;
pub mod offline;
mod snapshot;
mod status;
mod stores;
mod type_config;

#[cfg(test)]
pub(crate) mod tests;

pub use config::{ConfigError, RaftConfig};
pub use error::{HandleError, MembershipError, RaftError, ReadError, TransferError, WriteError};
pub use handle::{Freshness, Raft};
pub use log::LogError;
pub use network::{Transport, TransportError};
pub use snapshot::SnapshotError;
pub use status::{PeerStatus, ServerState, Status, StatusWatch};
pub use type_config::Peer;
