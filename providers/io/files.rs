//! Files, read whole and bounded.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::AsyncReadExt as _;

use super::BoxFuture;
use crate::grammar::Shown;

/// The longest path that an error repeats, in characters. Chosen: that of one name on Linux, and some.
const PATH_CHARS_MAX: usize = 300;

/// A file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// When it was last written.
    pub modified: SystemTime,
}

/// A path as one line of an error takes it: a folder may hold names of anybody's choice.
fn shown(path: &Path) -> String {
    Shown::new(&path.to_string_lossy(), PATH_CHARS_MAX).to_string()
}

/// Why a file could not be read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file.
    #[error("no file {}", shown(path))]
    Absent {
        /// The file.
        path: PathBuf,
    },
    /// It is longer than was asked for.
    #[error("{} has more than {bytes_max} bytes", shown(path))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that was asked for.
        bytes_max: usize,
    },
    /// The system says no.
    #[error("reading {}", shown(path))]
    Failed {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
}

/// A tree of files.
pub trait Files: fmt::Debug + Send + Sync {
    /// Reads a file of at most so many bytes.
    fn read<'a>(
        &'a self,
        path: &'a Path,
        bytes_max: usize,
    ) -> BoxFuture<'a, Result<File, FileError>>;

    /// The files in a folder, sorted, without its sub-folders' own.
    fn list<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<Vec<PathBuf>, FileError>>;
}

/// The system's files.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read<'a>(
        &'a self,
        path: &'a Path,
        bytes_max: usize,
    ) -> BoxFuture<'a, Result<File, FileError>> {
        Box::pin(async move {
            let failed = |source| failed(path, source);
            let about = tokio::fs::metadata(path).await.map_err(failed)?;
            // Opening a pipe waits for its other end, and no deadline can end that.
            if about.is_dir() || about.file_type().is_fifo() || about.file_type().is_socket() {
                return Err(failed(io::Error::other("it is no regular file")));
            }
            let file = tokio::fs::File::open(path).await.map_err(failed)?;
            let modified = file.metadata().await.and_then(|about| about.modified());
            let modified = modified.map_err(failed)?;
            let mut bytes = Vec::new();
            let one_more = u64::try_from(bytes_max)
                .unwrap_or(u64::MAX)
                .saturating_add(1);
            let mut bounded = file.take(one_more);
            bounded.read_to_end(&mut bytes).await.map_err(failed)?;
            within(path, bytes, bytes_max).map(|bytes| File { bytes, modified })
        })
    }

    fn list<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<Vec<PathBuf>, FileError>> {
        Box::pin(async move {
            let failed = |source| failed(folder, source);
            let mut entries = tokio::fs::read_dir(folder).await.map_err(failed)?;
            let mut found = Vec::new();
            while let Some(entry) = entries.next_entry().await.map_err(failed)? {
                if !entry.file_type().await.map_err(failed)?.is_dir() {
                    found.push(entry.path());
                }
            }
            found.sort_unstable();
            Ok(found)
        })
    }
}

fn failed(path: &Path, source: io::Error) -> FileError {
    let path = path.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        return FileError::Absent { path };
    }
    let source = Arc::new(source);
    FileError::Failed { path, source }
}

fn within(path: &Path, bytes: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, FileError> {
    if bytes.len() > bytes_max {
        let path = path.to_owned();
        return Err(FileError::TooLarge { path, bytes_max });
    }
    Ok(bytes)
}

/// The files that it was told of, all written in the first second of 1970; no other exists.
#[derive(Debug, Clone, Default)]
pub struct FakeFiles {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl FakeFiles {
    /// With a file.
    #[must_use]
    pub fn with(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(PathBuf::from(path), bytes.into());
        self
    }
}

impl Files for FakeFiles {
    fn read<'a>(
        &'a self,
        path: &'a Path,
        bytes_max: usize,
    ) -> BoxFuture<'a, Result<File, FileError>> {
        let found = match self.files.get(path) {
            Some(bytes) => within(path, bytes.clone(), bytes_max),
            None => Err(FileError::Absent {
                path: path.to_owned(),
            }),
        };
        let modified = UNIX_EPOCH;
        Box::pin(std::future::ready(
            found.map(|bytes| File { bytes, modified }),
        ))
    }

    fn list<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<Vec<PathBuf>, FileError>> {
        let paths = self.files.keys();
        let found: Vec<PathBuf> = paths
            .filter(|path| path.parent() == Some(folder))
            .cloned()
            .collect();
        Box::pin(std::future::ready(Ok(found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_up_to_a_bound_and_not_beyond() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let whole = SystemFiles.read(&path, 1 << 20).await.unwrap();
        assert!(whole.bytes.starts_with(b"[package]"));
        let exact = SystemFiles.read(&path, whole.bytes.len()).await;
        assert_eq!(exact.unwrap(), whole);
        let cut = SystemFiles.read(&path, whole.bytes.len() - 1).await;
        assert!(matches!(cut, Err(FileError::TooLarge { .. })), "{cut:?}");
        let none = SystemFiles.read(Path::new("/nowhere/at/all"), 9).await;
        assert!(matches!(none, Err(FileError::Absent { .. })), "{none:?}");
    }

    #[tokio::test]
    async fn a_pipe_in_place_of_a_file_is_refused_and_not_waited_for() {
        let name = format!("quorate-pipe-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let read = SystemFiles.read(&path, 9);
        let found = tokio::time::timeout(std::time::Duration::from_secs(10), read).await;
        std::fs::remove_file(&path).unwrap();
        let found = found.expect("it is not waited for");
        assert!(matches!(found, Err(FileError::Failed { .. })), "{found:?}");
    }
}
