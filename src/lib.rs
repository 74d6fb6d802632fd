//! Quorate: finds its peers, joins them, founds one cluster and only one, and says why when it
//! cannot.

pub mod agent;
pub mod autopilot;
pub mod bootstrap;
pub mod cli;
pub mod config;
pub mod datadir;
pub mod docs;
pub mod gossip;
pub mod host;
pub mod http;
pub mod join;
pub mod raft;
pub mod rpc;
pub mod state;
pub mod telemetry;
pub mod tls;
pub mod types;
pub mod why;
