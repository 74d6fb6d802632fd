//! Looks at the files of the log before they are opened, and makes them what the memory of the
//! last life may have been.
//!
//! Three things that the log's library does not look for. A log that ends before its mark has
//! lost what was acknowledged, and is not opened. A torn end is cut here, so that it can be
//! logged with its range. And what the last life wrote after its last sync may be in the system's
//! memory only, or, if a sync failed, only there for ever: reading does not tell, and openraft
//! counts as durable what it reads. So the last file is written anew before it is read, unless
//! the mark says that all of it was synced (invariant I7).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::error::LogError;
use super::files::{self, Contents, LogFile};
use super::mark::{Mark, Point};
use crate::types::RaftId;

/// Where the last file is written anew.
const ANEW: &str = "tail.tmp";

/// A file, its bytes, and what they hold.
type Tail = (LogFile, Vec<u8>, Contents);

/// A log as it lies on the disk.
struct Examined {
    /// Up to where it was synced, if the mark tells.
    mark: Option<Point>,
    /// The last file that has a whole record.
    tail: Option<Tail>,
    /// Files behind it that were begun and have none.
    begun: Vec<LogFile>,
    /// Where the last whole record ends.
    end: Point,
}

/// Checks a log that nobody has open, and changes nothing.
///
/// # Errors
/// As [`prepare`], but for the owner.
pub(super) fn check(dir: &Path) -> Result<(), LogError> {
    examine(dir, None).map(drop)
}

/// Checks a log that nobody has open, cuts its torn end and makes all of it durable. Gives where
/// it ends.
///
/// # Errors
/// See [`LogError`]; `Open` apart, nothing was changed.
pub(super) fn prepare(dir: &Path, own: RaftId) -> Result<Point, LogError> {
    let open = |source| LogError::Open {
        path: dir.to_owned(),
        source,
    };
    let Examined {
        mark,
        tail,
        begun,
        end,
    } = examine(dir, Some(own))?;
    for file in &begun {
        drop_begun(dir, file).map_err(open)?;
    }
    if let Some((file, bytes, contents)) = &tail
        && mark.is_none_or(|mark| mark.bytes < file.end())
    {
        let kept = bytes.get(..contents.end).unwrap_or(bytes);
        write_anew(dir, file, kept).map_err(open)?;
        report_cut(file, contents);
    }
    Ok(end)
}

fn examine(dir: &Path, own: Option<RaftId>) -> Result<Examined, LogError> {
    let open = |source| LogError::Open {
        path: dir.to_owned(),
        source,
    };
    let mark = Mark::read(dir).map_err(open)?;
    let mut whole = files::list(dir).map_err(open)?;
    let mut begun = Vec::new();
    let mut tail = None;
    while let Some(file) = whole.pop() {
        let bytes = fs::read(&file.path).map_err(open)?;
        let contents = files::read(&bytes);
        if contents.end > 0 || contents.damage.as_ref().is_some_and(|bad| !bad.is_torn) {
            tail = Some((file, bytes, contents));
            break;
        }
        // A file that was begun and has no whole record: what is before it is the end.
        begun.push(file);
    }
    if let Some((file, _, contents)) = &tail {
        check_chain(dir, &whole, file, own)?;
        check_damage(file, contents)?;
    }
    let end = tail
        .as_ref()
        .map_or_else(Point::default, |(file, _, contents)| Point {
            bytes: file.begin.saturating_add(offset(contents.end)),
            last: contents.last,
        });
    if let Some(mark) = mark.filter(|mark| mark.bytes > end.bytes) {
        return Err(shortened(dir, end, mark));
    }
    Ok(Examined {
        mark,
        tail,
        begun,
        end,
    })
}

fn offset(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn shortened(dir: &Path, end: Point, mark: Point) -> LogError {
    LogError::Shortened {
        path: dir.to_owned(),
        mark: Mark::path(dir),
        end: end.bytes,
        last: end.last.map(|last| last.index()),
        synced: mark.bytes,
        synced_last: mark.last.map(|last| last.index()),
    }
}

/// Every file ends where the next begins, and is our own if we say who we are.
fn check_chain(
    dir: &Path,
    before: &[LogFile],
    tail: &LogFile,
    own: Option<RaftId>,
) -> Result<(), LogError> {
    let next = before.iter().skip(1).chain([tail]);
    for (file, next) in before.iter().zip(next) {
        if file.end() != next.begin {
            let hole = format!(
                "{} ends at byte {} of the log and {} begins at byte {}",
                file.path.display(),
                file.end(),
                next.path.display(),
                next.begin
            );
            let path = dir.to_owned();
            return Err(LogError::Hole { path, hole });
        }
    }
    let Some(own) = own else { return Ok(()) };
    for file in before.iter().chain([tail]) {
        let open = |source| LogError::Open {
            path: file.path.clone(),
            source,
        };
        let path = file.path.clone();
        match first_owner(&path).map_err(open)? {
            Some(owner) if owner != own => return Err(LogError::Foreign { path, owner, own }),
            _ => {}
        }
    }
    Ok(())
}

/// Whose a file is, as its first record says.
fn first_owner(path: &Path) -> io::Result<Option<RaftId>> {
    /// More than the first record of a file takes, in bytes.
    const HEAD: u64 = 512;
    let mut head = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(File::open(path)?, HEAD), &mut head)?;
    Ok(files::read(&head).owner)
}

/// A tail that is not torn but unreadable is damage.
fn check_damage(file: &LogFile, contents: &Contents) -> Result<(), LogError> {
    match &contents.damage {
        Some(bad) if !bad.is_torn => Err(bad.in_file(&file.path)),
        _ => Ok(()),
    }
}

/// Finds the damage that made the log's library refuse.
pub(super) fn find_damage(dir: &Path) -> Option<LogError> {
    files::list(dir).ok()?.iter().find_map(|file| {
        let contents = files::read(&fs::read(&file.path).ok()?);
        contents.damage.map(|bad| bad.in_file(&file.path))
    })
}

fn drop_begun(dir: &Path, file: &LogFile) -> io::Result<()> {
    fs::remove_file(&file.path)?;
    File::open(dir)?.sync_all()?;
    log_cut(&file.path, 0, file.len, None);
    Ok(())
}

fn report_cut(file: &LogFile, contents: &Contents) {
    let start = offset(contents.end);
    if start < file.len {
        let last = contents.last.map(|last| last.index());
        log_cut(&file.path, start, file.len, last);
    }
}

fn log_cut(file: &Path, start: u64, end: u64, index: Option<u64>) {
    tracing::warn!(file = %file.display(), start, end, index,
        "torn end of the raft log dropped; nothing in it was acknowledged");
}

/// Puts a file in the place of one with the same beginning: its bytes come from memory, and so
/// are on the disk when this returns, whatever became of the old ones.
fn write_anew(dir: &Path, file: &LogFile, bytes: &[u8]) -> io::Result<()> {
    let anew = dir.join(ANEW);
    let mut new = File::create(&anew)?;
    new.write_all(bytes)?;
    new.sync_all()?;
    fs::rename(&anew, &file.path)?;
    File::open(dir)?.sync_all()
}
