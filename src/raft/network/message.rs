//! The messages between raft nodes, as they stand on the wire. New variants go to the end.

use bytes::Bytes;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::type_config::{LogId, TypeConfig, Vote};
use super::MESSAGE_BYTES_MAX;
use crate::types::RaftId;

/// A message and whom it is meant for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Envelope {
    pub(super) target: RaftId,
    pub(super) request: Request,
}

/// What one raft node asks of another.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Entries, or none as a heartbeat.
    Append(AppendEntriesRequest<TypeConfig>),
    /// Vote for me.
    Vote(VoteRequest<TypeConfig>),
    /// Would you vote for me?
    PreVote(VoteRequest<TypeConfig>),
    /// Stand for election now.
    Transfer(TransferLeaderRequest<TypeConfig>),
    /// A piece of a snapshot.
    Piece(Piece),
    /// As `Append`, of a leader that no quorum answers: it is none, though it may be one again.
    Alone(AppendEntriesRequest<TypeConfig>),
}

/// A piece of a snapshot's bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Piece {
    /// The snapshot and who sends it.
    pub(super) transfer: Transfer,
    /// Where the piece belongs.
    pub(super) offset: u64,
    /// The piece itself.
    pub(super) bytes: Bytes,
}

/// Tells one sending of a snapshot from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Transfer {
    /// The sender's vote: it leads by it.
    pub(super) vote: Vote,
    /// Last entry that the snapshot covers.
    pub(super) last_log_id: Option<LogId>,
    /// Bytes of the whole snapshot.
    pub(super) total: u64,
}

/// The answer to a [`Request`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// To `Append` and `Alone`.
    Append(AppendEntriesResponse<TypeConfig>),
    /// To `Vote` and `PreVote`.
    Vote(VoteResponse<TypeConfig>),
    /// To `Transfer`.
    Transfer(TransferLeaderResponse<TypeConfig>),
    /// To `Piece`: so many bytes are here; go on from there.
    Have(u64),
    /// To the last `Piece`.
    Installed(SnapshotResponse<TypeConfig>),
}

/// Writes a message.
///
/// # Errors
/// A text that says what cannot be written.
pub(super) fn pack(message: &impl Serialize) -> Result<Bytes, String> {
    let bytes = postcard::to_allocvec(message).map_err(|error| error.to_string())?;
    check_size(bytes.len())?;
    Ok(bytes.into())
}

/// Reads a message. Nothing is allocated for a length before its bytes are there: postcard
/// reads from what it was given.
///
/// # Errors
/// A text that says what is wrong with it.
pub(super) fn unpack<M: DeserializeOwned>(bytes: &[u8]) -> Result<M, String> {
    check_size(bytes.len())?;
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        Ok((_, rest)) => Err(format!("{} bytes too many", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}

fn check_size(bytes: usize) -> Result<(), String> {
    if bytes > MESSAGE_BYTES_MAX {
        return Err(format!("{bytes} bytes are more than {MESSAGE_BYTES_MAX}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_and_a_byte_more_or_less_does_not() {
        let envelope = Envelope {
            target: RaftId::new(7),
            request: Request::Vote(VoteRequest::new(Vote::new(3, RaftId::new(9)), None)),
        };
        let bytes = pack(&envelope).unwrap();
        let back: Envelope = unpack(&bytes).unwrap();
        assert_eq!(back.target, envelope.target);
        assert!(matches!(back.request, Request::Vote(request) if request.vote.leader_id.term == 3));

        let mut longer = bytes.to_vec();
        longer.push(0);
        assert!(unpack::<Envelope>(&longer).is_err());
        assert!(unpack::<Envelope>(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn a_message_above_the_bound_is_neither_written_nor_read() {
        let large = vec![0_u8; MESSAGE_BYTES_MAX + 1];
        assert!(unpack::<Envelope>(&large).is_err());
        assert!(pack(&Bytes::from(large)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            drop(unpack::<Envelope>(&bytes));
            drop(unpack::<Reply>(&bytes));
        }
    }
}
