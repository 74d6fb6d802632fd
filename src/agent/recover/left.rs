//! What a recovery that broke off leaves on the disk, and what to do then.

use std::fmt;
use std::path::PathBuf;

use super::RecoverError;
use crate::agent::chain;

/// A recovery that did not come to its end.
#[derive(Debug)]
pub struct BrokenOff {
    /// What went wrong.
    pub error: Box<RecoverError>,
    /// What is on the disk now.
    pub left: Left,
}

/// What a recovery that broke off leaves on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// What was there before, untouched.
    Nothing,
    /// An earlier recovery as far as it had come, untouched.
    Earlier,
    /// What was there before, and a record that a recovery is due.
    Begun {
        /// The record, and `peers.json` if that asks for the recovery.
        asking: Vec<PathBuf>,
    },
    /// A part of the new cluster in the place of the old one, and the record.
    Half {
        /// Where the copy of what was there before lies.
        backup: PathBuf,
    },
    /// The new cluster, and the record.
    Noted {
        /// The record.
        record: PathBuf,
    },
    /// The new cluster; only a loss of power now may bring the record back.
    Done,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str(
                "nothing was changed: mend this and run --apply again, or start the server as it was",
            ),
            Self::Earlier => f.write_str(
                "this changed nothing, and the recovery that was begun before is as it was: mend this \
                 and run --apply again, or start the server",
            ),
            Self::Begun { asking } => write!(
                f,
                "the recovery is begun and nothing is changed yet: mend this, and --apply again or the \
                 next start of the server does all of it; to give it up instead, remove {}",
                listed(asking)
            ),
            Self::Half { backup } => write!(
                f,
                "the recovery is half done and cannot be given up: mend this, and --apply again or the \
                 next start of the server finishes it; what was there before is in {}",
                backup.display()
            ),
            Self::Noted { record } => write!(
                f,
                "the recovery is done, but {} is still there: mend this, and --apply again or the next \
                 start of the server removes it",
                record.display()
            ),
            Self::Done => f.write_str("the recovery is done all the same: start the server"),
        }
    }
}

/// The cause, what it leaves, and what to do, in one line.
impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", chain(&*self.error), self.left)
    }
}

impl std::error::Error for BrokenOff {}

fn listed(paths: &[PathBuf]) -> String {
    let texts: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    texts.join(" and ")
}
