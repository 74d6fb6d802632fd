//! Words that all rooms share: ids, names, addresses, and what a member says of itself.
//!
//! Pure: no I/O, no clock, no randomness. Ids are minted elsewhere and handed in.

mod address;
mod autopilot;
mod id;
mod member;
mod name;
mod reason;
mod remedy;

pub use address::{Address, AddressError};
pub use autopilot::AutopilotConfig;
pub use id::{ClusterId, IdError, NodeId, RaftId};
pub use member::{Announcement, Member, MemberStatus, Role, ServerRole};
pub use name::{Datacenter, NameError, NodeName};
pub use reason::{Reason, ReasonError, Stage};
pub use remedy::remedy;
