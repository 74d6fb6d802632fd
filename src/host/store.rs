//! Where an agent keeps what outlives it, if it is kept at all.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

/// Small files that are written whole, and one journal that grows at its end.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// A file's content; `None` if there is none.
    ///
    /// # Errors
    /// The disk's.
    fn read(&self, file: &str) -> io::Result<Option<Vec<u8>>>;

    /// Writes a file whole: it lasts when this returns.
    ///
    /// # Errors
    /// The disk's; the old content is there then.
    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()>;

    /// Removes a file, if it is there; that lasts when this returns.
    ///
    /// # Errors
    /// The disk's.
    fn remove(&self, file: &str) -> io::Result<()>;

    /// Adds an entry to the journal. It lasts only once a later [`Store::sync`] is done.
    ///
    /// # Errors
    /// The disk's.
    fn append(&self, entry: Vec<u8>) -> io::Result<()>;

    /// Done when every entry that was added before the call lasts.
    ///
    /// # Errors
    /// The disk's: what is on it is not known then.
    fn sync(&self) -> BoxFuture<'static, io::Result<()>>;

    /// The journal from its beginning.
    ///
    /// # Errors
    /// The disk's.
    fn journal(&self) -> io::Result<Vec<Vec<u8>>>;

    /// Removes the journal and every file of a folder, so each whose name begins with the folder's
    /// and a slash; that lasts when this returns.
    ///
    /// # Errors
    /// The disk's.
    fn clear(&self, folder: &str) -> io::Result<()>;

    /// How long the disk takes before it does what waits for it.
    fn delay(&self) -> BoxFuture<'static, ()>;
}

/// Where an agent keeps what outlives it.
#[derive(Debug, Clone)]
pub enum Storage {
    /// Files of the system, in a directory.
    Directory(PathBuf),
    /// Something else, as a simulated disk.
    Store(Arc<dyn Store>),
    /// Nowhere: it is gone with the process, as with `-dev`.
    Nowhere,
}

/// A directory, or nowhere.
impl From<Option<PathBuf>> for Storage {
    fn from(dir: Option<PathBuf>) -> Self {
        dir.map_or(Self::Nowhere, Self::Directory)
    }
}

impl Storage {
    /// Runs work that waits for the disk or takes long, beside the runtime where that is needed.
    ///
    /// # Panics
    /// With the panic of the work.
    pub async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match self {
            Self::Directory(_) | Self::Nowhere => match tokio::task::spawn_blocking(work).await {
                Ok(value) => value,
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            },
            Self::Store(store) => {
                store.delay().await;
                work()
            }
        }
    }
}
