//! The three places where files of the data directory are: a directory, storage of another kind,
//! and the memory of the process.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{DataDirError, disk};
use crate::host::Store;

/// Where things are kept.
pub(super) enum Place {
    Disk {
        dir: PathBuf,
        /// Held, not used: the lock lives as long as the file is open. None if there was no
        /// file to lock and none may be made.
        _lock: Option<File>,
        /// Two writes of one file would share a temporary file.
        writing: Mutex<()>,
    },
    /// Not a directory.
    Store(Arc<dyn Store>),
    /// File contents by name, for `-dev`.
    Memory(Mutex<HashMap<String, Vec<u8>>>),
}

impl Place {
    pub(super) fn path_of(&self, file: &str) -> PathBuf {
        match self {
            Self::Disk { dir, .. } => dir.join(file),
            Self::Store(_) | Self::Memory(_) => PathBuf::from(file),
        }
    }

    pub(super) fn read(&self, file: &str) -> Result<Option<Vec<u8>>, DataDirError> {
        match self {
            Self::Disk { dir, .. } => disk::read(&dir.join(file)),
            Self::Store(store) => store.read(file).map_err(self.failed("read", file)),
            Self::Memory(files) => Ok(lock(files).get(file).cloned()),
        }
    }

    pub(super) fn write(&self, file: &str, bytes: &[u8]) -> Result<(), DataDirError> {
        match self {
            Self::Disk { dir, writing, .. } => {
                let _one_at_a_time = lock(writing);
                disk::write(dir, file, bytes)
            }
            Self::Store(store) => store.write(file, bytes).map_err(self.failed("write", file)),
            Self::Memory(files) => {
                lock(files).insert(file.to_owned(), bytes.to_vec());
                Ok(())
            }
        }
    }

    pub(super) fn remove(&self, file: &str) -> Result<(), DataDirError> {
        match self {
            Self::Disk { dir, writing, .. } => {
                let _one_at_a_time = lock(writing);
                disk::remove(dir, file)
            }
            Self::Store(store) => store.remove(file).map_err(self.failed("remove", file)),
            Self::Memory(files) => {
                lock(files).remove(file);
                Ok(())
            }
        }
    }
}

impl Place {
    fn failed(
        &self,
        operation: &'static str,
        file: &str,
    ) -> impl FnOnce(io::Error) -> DataDirError {
        let path = self.path_of(file);
        move |source| DataDirError::Io {
            operation,
            path,
            source,
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk { dir, .. } => write!(f, "{}", dir.display()),
            Self::Store(store) => store.fmt(f),
            Self::Memory(_) => f.write_str("memory"),
        }
    }
}

/// Nothing is left half done under these locks, so a panic of another thread does not matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
