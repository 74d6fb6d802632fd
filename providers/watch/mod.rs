//! Lookups that go on: several queries at once, told as a stream of changes.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use quorate_providers::watch::Watch;
//! use quorate_providers::{Io, Query};
//!
//! let mut watch = Watch::new(Io::real())
//!     .with_query(Query::parse("provider=dns name=peers.example")?)
//!     .with_query(Query::parse("provider=static addrs=10.0.0.1")?)
//!     .with_cache("/var/lib/example/peers")
//!     .start();
//! while let Some(update) = watch.next().await {
//!     for contact in &update.added {
//!         println!("{} has {contact}", update.query);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Each query has a task, a deadline, a state and a pace of its own: one that hangs or is denied
//! delays no other. What was once found stays until a complete answer says that it is gone: neither
//! an error nor an answer with gaps takes a contact away, and an [`Update`] says how old it is.
//!
//! The pace: after a complete answer the refresh interval, or less if the answer says that it stays
//! true for less, and up to a quarter more by chance; after an error or a gap what [`Retry`] says,
//! else a pause that doubles, and chance on top, so that a thousand agents do not ask as one.

mod cache;
#[cfg(test)]
mod fleet;
mod pace;
mod source;
#[cfg(test)]
mod tests;
mod update;

pub use cache::CacheError;
pub use update::Update;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::{Io, Limits, Query, Registry};

#[cfg(doc)]
use crate::Retry;

use self::cache::Cache;
use self::source::Source;

/// Updates that may wait for a slow reader; then the sources wait.
const UPDATES_MAX: usize = 16;

/// The refresh interval until it is said. Design, section 6: once in five minutes.
const REFRESH: Duration = Duration::from_mins(5);

/// A watch that is being put together.
#[derive(Debug)]
pub struct Watch {
    shared: Shared,
    queries: Vec<Query>,
}

/// What all sources of a watch share.
#[derive(Debug, Clone)]
struct Shared {
    registry: Registry,
    io: Io,
    limits: Limits,
    refresh: Duration,
    cache: Option<Arc<Cache>>,
}

impl Watch {
    /// A watch through these doors, over the providers of this build, with the default
    /// [`Limits`], a refresh every five minutes, and no cache.
    pub fn new(io: Io) -> Self {
        Self {
            shared: Shared {
                registry: Registry::builtin(),
                io,
                limits: Limits::default(),
                refresh: REFRESH,
                cache: None,
            },
            queries: Vec::new(),
        }
    }

    /// With one more query; [`Update::source`] counts them from zero.
    #[must_use]
    pub fn with_query(mut self, query: Query) -> Self {
        self.queries.push(query);
        self
    }

    /// Over these providers.
    #[must_use]
    pub fn with_registry(mut self, registry: Registry) -> Self {
        self.shared.registry = registry;
        self
    }

    /// With these bounds for each lookup.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.shared.limits = limits;
        self
    }

    /// With this time between two lookups that go well; a second at least.
    #[must_use]
    pub fn with_refresh(mut self, refresh: Duration) -> Self {
        self.shared.refresh = refresh.max(pace::REFRESH_MIN);
        self
    }

    /// Keeps the last complete answer of each query in a file in this folder, of mode 0600 and at
    /// most 4 MiB, written whole or not at all. It holds addresses, ports, ids, zones and names; no
    /// tags, and the query with its secrets masked. At the start it is told at once, as old; a file
    /// that is damaged, or of another query, is taken for none.
    #[must_use]
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.shared.cache = Some(Arc::new(Cache::new(folder.into())));
        self
    }

    /// Starts a task for each query.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn start(self) -> Changes {
        let (sender, receiver) = mpsc::channel(UPDATES_MAX);
        let mut tasks = JoinSet::new();
        for (index, query) in self.queries.into_iter().enumerate() {
            let source = Source::new(index, query, self.shared.clone());
            tasks.spawn(source.run(sender.clone()));
        }
        Changes {
            receiver,
            _tasks: tasks,
        }
    }
}

/// The stream of changes. Dropping it ends every lookup.
#[derive(Debug)]
pub struct Changes {
    receiver: mpsc::Receiver<Update>,
    _tasks: JoinSet<()>,
}

impl Changes {
    /// The next change; none once no query can change any more: there is none, or each was refused
    /// for good.
    ///
    /// # Cancel safety
    ///
    /// No update is lost.
    pub async fn next(&mut self) -> Option<Update> {
        self.receiver.recv().await
    }
}
