//! The bounds of the room, and why they are what they are.

use std::time::Duration;

use crate::host::descriptor_share;

/// Sizes, counts and times that nothing from outside can exceed. [`Limits::default`] holds in an
/// agent; smaller ones are for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest payload of a frame, in bytes. Default 64 MiB: the largest single thing sent is
    /// a snapshot of the state, which lives in memory. Both sides must agree on it.
    pub payload_bytes: usize,
    /// Connections served at once; the next one is closed. Default 4,096: four servers' worth of
    /// a thousand agents; hostile ones that say nothing are gone after `hello`. Never more than a
    /// third of the file descriptors that the process may hold.
    pub connections: usize,
    /// Requests running at once for one connection; the next one is answered "busy". Default
    /// 4,096, since a client agent forwards every blocking query over one connection.
    pub running: usize,
    /// Requests running at once for all connections. Default 16,384.
    pub running_total: usize,
    /// Payload bytes of the requests running for one connection; above it no more is read until
    /// one ends. Default 128 MiB: two frames of the largest size.
    pub running_bytes: usize,
    /// Bytes that wait to be written to one connection; above it no more is taken up. Default
    /// 1 MiB, about a second at 10 Mbit/s; one frame more may wait.
    pub unsent_bytes: usize,
    /// Requests of one pool that wait for one connection to take them up. Default 1,024.
    pub queued: usize,
    /// From dialling to connected. Default 2 s: a lost SYN is repeated after 1 s (RFC 6298,
    /// section 2) and the next time after 3 s, when dialling afresh is quicker.
    pub connect: Duration,
    /// From connected to the other side's hello read. Default 5 s.
    pub hello: Duration,
    /// How long a write may make no progress before the connection is given up. Default 30 s: a
    /// stopped process may come back, a vanished one must not hold memory for the quarter of an
    /// hour that TCP would.
    pub stall: Duration,
    /// How long a caller keeps a connection that nobody uses. Default 5 min. A listener keeps it
    /// twice as long, so that the side that would lose a request is not the one to close.
    pub idle: Duration,
    /// How long requests that run may go on after the listener was told to stop. Default 1 s.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes: 64 << 20,
            connections: descriptor_share().min(4_096),
            running: 4_096,
            running_total: 16_384,
            running_bytes: 128 << 20,
            unsent_bytes: 1 << 20,
            queued: 1_024,
            connect: Duration::from_secs(2),
            hello: Duration::from_secs(5),
            stall: Duration::from_secs(30),
            idle: Duration::from_mins(5),
            drain: Duration::from_secs(1),
        }
    }
}
