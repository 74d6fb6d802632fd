//! The form of votes, log ids and entries in the log on disk.
//!
//! A record is framed and given a checksum by the log's library. What it cannot know is whether a
//! record that ends behind the end of the file was cut off, or has a damaged length: it takes
//! both for a torn tail and cuts. So a length is written twice, the second time inverted. A
//! length that does not match is damage, which stops the opening instead of losing entries.

use std::io::{self, Read, Write};

use openraft::impls::leader_id_std::LeaderId;
use raft_log::codeq::{Decode, Encode};

use super::super::type_config::{LogId, Payload, Vote};
use crate::types::RaftId;

/// The largest payload that is written or read, in bytes. Far above what a proposal may have, so
/// that only damage exceeds it.
const PAYLOAD_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// A log id on disk: term and index, eight bytes each, big endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StoredLogId(pub(super) LogId);

/// Whose log it is: the raft id in sixteen bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner(pub(super) RaftId);

/// A vote on disk: term in eight bytes, candidate in sixteen, and one that is 1 once a quorum
/// granted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd)]
pub(super) struct StoredVote(pub(super) Vote);

/// An entry's payload on disk: its length, the length inverted, and the payload in postcard.
#[derive(Debug, Clone)]
pub(super) struct StoredPayload(pub(super) Payload);

fn damaged(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

fn read_array<const N: usize>(mut from: impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Encode for StoredLogId {
    fn encode<W: Write>(&self, mut w: W) -> io::Result<usize> {
        w.write_all(&self.0.committed_leader_id().term.to_be_bytes())?;
        w.write_all(&self.0.index().to_be_bytes())?;
        Ok(16)
    }
}

impl Decode for StoredLogId {
    fn decode<R: Read>(mut r: R) -> io::Result<Self> {
        let term = u64::from_be_bytes(read_array(&mut r)?);
        let index = u64::from_be_bytes(read_array(&mut r)?);
        Ok(Self(LogId::new_term_index(term, index)))
    }
}

impl Encode for Owner {
    fn encode<W: Write>(&self, mut w: W) -> io::Result<usize> {
        w.write_all(&self.0.bits().to_be_bytes())?;
        Ok(16)
    }
}

impl Decode for Owner {
    fn decode<R: Read>(mut r: R) -> io::Result<Self> {
        Ok(Self(RaftId::new(u128::from_be_bytes(read_array(&mut r)?))))
    }
}

impl Encode for StoredVote {
    fn encode<W: Write>(&self, mut w: W) -> io::Result<usize> {
        let leader = &self.0.leader_id;
        w.write_all(&leader.term.to_be_bytes())?;
        w.write_all(&leader.voted_for.bits().to_be_bytes())?;
        w.write_all(&[u8::from(self.0.committed)])?;
        Ok(25)
    }
}

impl Decode for StoredVote {
    fn decode<R: Read>(mut r: R) -> io::Result<Self> {
        let term = u64::from_be_bytes(read_array(&mut r)?);
        let voted_for = RaftId::new(u128::from_be_bytes(read_array(&mut r)?));
        let committed = match read_array(&mut r)? {
            [0] => false,
            [1] => true,
            [other] => return Err(damaged(format!("{other} in a vote is neither 0 nor 1"))),
        };
        let leader_id = LeaderId { term, voted_for };
        Ok(Self(Vote {
            leader_id,
            committed,
        }))
    }
}

impl Encode for StoredPayload {
    fn encode<W: Write>(&self, mut w: W) -> io::Result<usize> {
        let bytes = postcard::to_allocvec(&self.0).map_err(|error| damaged(error.to_string()))?;
        let len = u32::try_from(bytes.len())
            .ok()
            .filter(|len| *len <= PAYLOAD_BYTES_MAX)
            .ok_or_else(|| damaged(format!("an entry of {} bytes is too large", bytes.len())))?;
        w.write_all(&len.to_be_bytes())?;
        w.write_all(&(!len).to_be_bytes())?;
        w.write_all(&bytes)?;
        Ok(bytes.len() + 8)
    }
}

impl Decode for StoredPayload {
    fn decode<R: Read>(mut r: R) -> io::Result<Self> {
        let len = u32::from_be_bytes(read_array(&mut r)?);
        let inverted = u32::from_be_bytes(read_array(&mut r)?);
        if len != !inverted || len > PAYLOAD_BYTES_MAX {
            return Err(damaged(format!(
                "{len:#x}, {inverted:#x} is no length of an entry"
            )));
        }
        // Grows with what is there: a length allocates nothing by itself.
        let mut bytes = Vec::new();
        let read = r.take(u64::from(len)).read_to_end(&mut bytes)?;
        if u32::try_from(read) != Ok(len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let payload = postcard::from_bytes(&bytes).map_err(|error| damaged(error.to_string()))?;
        Ok(Self(payload))
    }
}
