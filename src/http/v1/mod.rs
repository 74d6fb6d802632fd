//! The endpoints below `/v1/`, a file per group. An endpoint translates a request into a question
//! to the agent and the answer into Consul's JSON; it decides nothing.

pub(super) mod agent;
pub(super) mod autopilot;
pub(super) mod catalog;
pub(super) mod kv;
pub(super) mod operator;
pub(super) mod status;
