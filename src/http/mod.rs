//! The HTTP API.

mod node;

pub use node::{
    Consistency, Found, Node, NodeError, Own, RaftConfiguration, RaftPeer, Read, Stats,
};
