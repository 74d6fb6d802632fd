//! What goes over the wire, and the only place that knows its bytes.
//!
//! Everything here is bounded before it is read: a datagram by its size, a message by its size and
//! its number of lines, a record by its size. A length that a peer claims allocates nothing; bytes
//! do, when they are there (design, section 8).

mod datagram;
mod message;
mod record;
mod stream;

pub(crate) use datagram::{DATAGRAM_BYTES_MAX, Door, PAYLOAD_BYTES_MAX, Turned, is_of_cluster};
pub(crate) use message::{Message, Picture};
pub(crate) use record::{
    Intent, IntentKind, Line, News, RECORD_BYTES_MAX, encode_news, is_reachable, parse_news,
    record_bytes,
};
pub(crate) use stream::{
    Complaint, Header, Side, StreamError, complain, read_body, read_header, write_message,
};

/// The two bytes that everything of this room begins with.
const MAGIC: [u8; 2] = *b"QG";

/// The version of the wire. A peer of another version is refused at the door.
const VERSION: u8 = 1;

/// Bytes that are not what they claim to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed {what}")]
pub(crate) struct Malformed {
    /// What was being read.
    pub(crate) what: &'static str,
}
