//! The `gossip` room.
