//! The HTTP API: Consul's paths, parameters, headers, JSON and texts over an agent behind a trait.
//!
//! This room translates and bounds; what is true it asks of [`Node`]. Its rules are those of the
//! agent reference, sections 3.4, 3.7 and 6. Here too is the small [`Client`] that the command line
//! uses, so that both ends share one set of shapes.

mod ask;
mod autopilot_shape;
mod client;
mod duration;
mod endpoint;
mod endpoints;
#[cfg(test)]
pub(crate) mod fake;
mod filter;
mod metrics;
mod node;
mod operator_shape;
mod reply;
mod server;
mod shape;
#[cfg(test)]
mod tests;
mod v1;
mod why_shape;

pub use ask::VALUE_BYTES_MAX;
pub use autopilot_shape::{
    AutopilotConfigJson, AutopilotServerJson, AutopilotStateJson, GoDuration,
};
pub use client::{Client, ClientError, Got, Token, plain_http};
pub(crate) use node::OWN_ADDRESS;
pub use node::{
    Abandoned, AutopilotReport, AutopilotServer, Consistency, Found, Node, NodeError, Own,
    PeerName, RaftConfiguration, RaftPeer, Read, Stats,
};
pub use operator_shape::AbandonedJson;
pub use server::serve;
pub use shape::{
    KvJson, MemberJson, NodeJson, RaftConfigurationJson, RaftServerJson, SelfConfigJson, SelfJson,
    VersionJson,
};
pub use why_shape::{RefusedJson, SourceJson, WhyJson};
