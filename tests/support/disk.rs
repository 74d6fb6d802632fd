//! A disk that fails on demand, for one agent: a small library put before libc's own.

use std::path::{Path, PathBuf};

use super::{World, preload};

/// The system's word for a failure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Errno {
    /// EIO.
    Io,
    /// ENOSPC.
    Full,
    /// EROFS.
    ReadOnly,
}

impl Errno {
    /// Its number on Linux.
    const fn number(self) -> u8 {
        match self {
            Self::Io => 5,
            Self::Full => 28,
            Self::ReadOnly => 30,
        }
    }
}

/// Faults that a test turns on and off while agents run.
#[derive(Debug)]
pub(crate) struct FaultyDisk {
    library: PathBuf,
    faults: PathBuf,
}

impl FaultyDisk {
    /// A sound disk, so far. Compiles the library.
    pub(crate) fn new(world: &World) -> Self {
        Self {
            library: preload::compile(world, "faulty_disk"),
            faults: world.path("faults"),
        }
    }

    /// What an agent on this disk has in its environment.
    pub(crate) fn env(&self) -> Vec<(String, String)> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        vec![
            (preload::VARIABLE.to_owned(), text(&self.library)),
            ("QUORATE_FAULTS".to_owned(), text(&self.faults)),
        ]
    }

    /// From now on calls of a class (`write`, `short`, `sync`, `remove`, `open`) fail on files whose path
    /// holds a part. In place of what failed before.
    pub(crate) fn fail(&self, class: &str, errno: Errno, part: &str) {
        let beside = self.faults.with_extension("new");
        let line = format!("{class} {} {part}\n", errno.number());
        std::fs::write(&beside, line).unwrap();
        std::fs::rename(&beside, &self.faults).unwrap();
    }

    /// From now on nothing fails.
    pub(crate) fn mend(&self) {
        std::fs::remove_file(&self.faults).unwrap();
    }
}
