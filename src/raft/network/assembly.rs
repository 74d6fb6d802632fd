//! Puts the pieces of a snapshot together.
//!
//! One snapshot at a time: a first piece of another one replaces what is here, for its sender
//! leads now. Memory grows with pieces that arrived, never with what is announced.

use std::time::{Duration, Instant};

use super::message::{Piece, Transfer};

/// The largest snapshot that is taken, in bytes. The state is held in memory, so whoever gets
/// near this has other needs.
pub(super) const SNAPSHOT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// A snapshot of which no piece came for so long is given up. Chosen: the sender's deadline for
/// one piece, twice.
pub(super) const IDLE_MAX: Duration = Duration::from_mins(1);

/// What has arrived of a snapshot.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    incoming: Option<Incoming>,
}

#[derive(Debug)]
struct Incoming {
    transfer: Transfer,
    bytes: Vec<u8>,
    last_piece: Instant,
}

/// What is here after a piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// So many bytes; the next piece begins behind them.
    Partly(u64),
    /// The whole snapshot.
    Wholly(Transfer, Vec<u8>),
}

impl Assembly {
    /// Adds a piece. One that does not follow what is here is not taken; the answer says where
    /// to go on.
    ///
    /// # Errors
    /// A text that says which bound the snapshot breaks.
    pub(super) fn add(&mut self, piece: Piece, now: Instant) -> Result<Progress, String> {
        let Piece {
            transfer,
            offset,
            bytes,
        } = piece;
        if transfer.total > SNAPSHOT_BYTES_MAX {
            return Err(format!(
                "a snapshot of {} bytes is too large",
                transfer.total
            ));
        }
        let mut incoming = match self.incoming.take() {
            Some(incoming) if offset > 0 && incoming.transfer == transfer => incoming,
            _ if offset == 0 => Incoming {
                transfer,
                bytes: Vec::new(),
                last_piece: now,
            },
            other => {
                self.incoming = other;
                return Ok(Progress::Partly(0));
            }
        };
        let room = incoming.transfer.total.saturating_sub(len(&incoming.bytes));
        if offset == len(&incoming.bytes) && len(&bytes) <= room {
            incoming.bytes.extend_from_slice(&bytes);
            incoming.last_piece = now;
        }
        let have = len(&incoming.bytes);
        if have == incoming.transfer.total {
            return Ok(Progress::Wholly(incoming.transfer, incoming.bytes));
        }
        self.incoming = Some(incoming);
        Ok(Progress::Partly(have))
    }

    /// Forgets a snapshot whose sender went silent.
    pub(super) fn drop_idle(&mut self, now: Instant) {
        self.incoming
            .take_if(|incoming| now.saturating_duration_since(incoming.last_piece) > IDLE_MAX);
    }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::super::type_config::Vote;
    use super::*;
    use crate::types::RaftId;

    fn transfer(term: u64, total: u64) -> Transfer {
        Transfer {
            vote: Vote::new_committed(term, RaftId::new(1)),
            last_log_id: None,
            total,
        }
    }

    fn piece(term: u64, offset: u64, bytes: &'static [u8]) -> Piece {
        Piece {
            transfer: transfer(term, 6),
            offset,
            bytes: bytes.into(),
        }
    }

    fn add(assembly: &mut Assembly, piece: Piece) -> Progress {
        assembly.add(piece, Instant::now()).unwrap()
    }

    #[test]
    fn pieces_in_order_make_the_snapshot() {
        let mut assembly = Assembly::default();
        assert_eq!(add(&mut assembly, piece(1, 0, b"ab")), Progress::Partly(2));
        assert_eq!(add(&mut assembly, piece(1, 2, b"cd")), Progress::Partly(4));
        let whole = Progress::Wholly(transfer(1, 6), b"abcdef".to_vec());
        assert_eq!(add(&mut assembly, piece(1, 4, b"ef")), whole);
        // Nothing is left of it.
        assert_eq!(add(&mut assembly, piece(1, 4, b"ef")), Progress::Partly(0));
    }

    #[test]
    fn a_piece_twice_or_too_early_changes_nothing() {
        let mut assembly = Assembly::default();
        add(&mut assembly, piece(1, 0, b"ab"));
        add(&mut assembly, piece(1, 2, b"cd"));
        assert_eq!(add(&mut assembly, piece(1, 2, b"cd")), Progress::Partly(4));
        assert_eq!(add(&mut assembly, piece(1, 5, b"f")), Progress::Partly(4));
    }

    #[test]
    fn a_new_leader_begins_anew_and_the_old_one_cannot_go_on() {
        let mut assembly = Assembly::default();
        add(&mut assembly, piece(1, 0, b"ab"));
        assert_eq!(add(&mut assembly, piece(2, 0, b"AB")), Progress::Partly(2));
        assert_eq!(add(&mut assembly, piece(1, 2, b"cd")), Progress::Partly(0));
        assert_eq!(add(&mut assembly, piece(2, 2, b"CD")), Progress::Partly(4));
    }

    #[test]
    fn more_than_was_announced_is_not_taken() {
        let mut assembly = Assembly::default();
        add(&mut assembly, piece(1, 0, b"abcd"));
        assert_eq!(add(&mut assembly, piece(1, 4, b"efg")), Progress::Partly(4));
    }

    #[test]
    fn a_snapshot_that_is_announced_too_large_is_refused_and_allocates_nothing() {
        let mut assembly = Assembly::default();
        let huge = |total| Piece {
            transfer: transfer(1, total),
            offset: 0,
            bytes: b"a".as_slice().into(),
        };
        assert!(assembly.add(huge(u64::MAX), Instant::now()).is_err());
        add(&mut assembly, huge(SNAPSHOT_BYTES_MAX));
        assert!(assembly.incoming.unwrap().bytes.capacity() < 1024);
    }

    #[test]
    fn a_sender_that_went_silent_is_forgotten() {
        let mut assembly = Assembly::default();
        let began = Instant::now();
        assembly.add(piece(1, 0, b"ab"), began).unwrap();
        assembly.drop_idle(began + IDLE_MAX);
        assert!(assembly.incoming.is_some());
        assembly.drop_idle(began + IDLE_MAX + Duration::from_millis(1));
        assert!(assembly.incoming.is_none());
    }
}
