//! Members for the tests of this room.

use std::net::SocketAddr;

use super::wire::Line;
use crate::types::{Announcement, NodeId, Role};

/// The word of a blank client of `dc1` with this name; node id and port are the number.
pub(crate) fn says(name: &str, number: u16) -> Announcement {
    Announcement {
        node_id: NodeId::new(u128::from(number)),
        name: name.parse().unwrap(),
        datacenter: "dc1".parse().unwrap(),
        generation: 100,
        version: 1,
        gossip_addr: SocketAddr::from(([127, 0, 0, 1], number)),
        build: String::from("0.1.0"),
        cluster: None,
        role: Role::Client,
    }
}

/// What another member knows of that one: it is alive.
pub(crate) fn line(name: &str, number: u16) -> Line {
    Line {
        says: says(name, number),
        renewal: 0,
        incarnation: 0,
        state: foca::State::Alive,
        intent: None,
        down_for_s: 0,
    }
}
