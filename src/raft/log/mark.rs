//! The mark beside the log: up to where the log is known to be on disk.
//!
//! The log itself cannot know that its end is missing: a file that was cut between two records
//! looks as if nothing had ever been behind. So the mark says how many bytes, of all that were
//! ever written to the log, were synced when a waiter was told so. It is written after the sync
//! and before the waiter hears of it, without a sync of its own: it may lag behind by what a loss
//! of power takes, and is never ahead. A log that ends before the mark has lost what was
//! acknowledged.
//!
//! Three numbers in eight bytes each, big endian, each followed by itself inverted: bytes, and
//! term and index plus one of the last entry, zero if there is none. A mark that does not read so
//! is none: it is a second look, not the log.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::super::type_config::LogId;

const FILE: &str = "synced";
const LEN: usize = 48;
/// As the other files of the data directory.
const MODE: u32 = 0o600;

/// A position in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Point {
    /// Bytes since the beginning of the log, purged ones included.
    pub(super) bytes: u64,
    /// The last entry then.
    pub(super) last: Option<LogId>,
}

/// The open mark.
#[derive(Debug)]
pub(super) struct Mark {
    path: PathBuf,
    file: File,
}

impl Mark {
    /// Where the mark of a log is.
    pub(super) fn path(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }

    /// Reads the mark of a log; none if there is none that can be read.
    pub(super) fn read(dir: &Path) -> io::Result<Option<Point>> {
        let path = Self::path(dir);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let point = decode(&bytes);
        if point.is_none() {
            tracing::warn!(path = %path.display(), "mark of the raft log not readable");
        }
        Ok(point)
    }

    /// Sets the mark, synced, and keeps it open.
    pub(super) fn open(dir: &Path, point: Point) -> io::Result<Self> {
        let path = Self::path(dir);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(MODE)
            .open(&path)?;
        file.set_len(u64::try_from(LEN).unwrap_or(u64::MAX))?;
        let mark = Self { path, file };
        mark.set(point)?;
        mark.file.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(mark)
    }

    /// Sets the mark, without a sync. A mark that has no name any more says that somebody removed
    /// the log under the running server, whose writes would end with the process.
    pub(super) fn set(&self, point: Point) -> io::Result<()> {
        if self.file.metadata()?.nlink() == 0 {
            let text = format!(
                "{} was removed under the running server",
                self.path.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        self.file.write_all_at(&encode(point), 0)
    }
}

fn encode(point: Point) -> [u8; LEN] {
    let (term, next) = point.last.map_or((0, 0), |last| {
        let next = last.index().saturating_add(1);
        (last.committed_leader_id().term, next)
    });
    let mut bytes = [0; LEN];
    let numbers = [point.bytes, !point.bytes, term, !term, next, !next];
    for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Point> {
    let numbers: Vec<u64> = bytes
        .chunks_exact(8)
        .filter_map(|chunk| Some(u64::from_be_bytes(chunk.try_into().ok()?)))
        .collect();
    let &[bytes, not_bytes, term, not_term, next, not_next] = numbers.as_slice() else {
        return None;
    };
    let is_whole = bytes == !not_bytes && term == !not_term && next == !not_next;
    is_whole.then(|| Point {
        bytes,
        last: next
            .checked_sub(1)
            .map(|index| LogId::new_term_index(term, index)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point() -> Point {
        Point {
            bytes: 0x1234_5678,
            last: Some(LogId::new_term_index(3, 77)),
        }
    }

    #[test]
    fn a_mark_reads_back_and_no_flipped_bit_or_other_length_is_one() {
        let bytes = encode(point());
        assert_eq!(decode(&bytes), Some(point()));
        assert_eq!(decode(&encode(Point::default())), Some(Point::default()));
        for bit in 0..LEN * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&damaged), None, "bit {bit}");
        }
        for len in 0..LEN {
            assert_eq!(decode(&bytes[..len]), None, "{len} bytes");
        }
    }

    #[test]
    fn a_mark_that_was_removed_takes_nothing_more() {
        let dir = tempfile::tempdir().unwrap();
        let mark = Mark::open(dir.path(), Point::default()).unwrap();
        mark.set(point()).unwrap();
        assert_eq!(Mark::read(dir.path()).unwrap(), Some(point()));
        fs::remove_file(Mark::path(dir.path())).unwrap();
        let error = mark.set(point()).unwrap_err();
        assert!(error.to_string().contains("removed"), "{error}");
        assert_eq!(Mark::read(dir.path()).unwrap(), None);
    }
}
