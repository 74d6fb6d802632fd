//! Looks at the sources that are files, so that a change in one counts when it is made and not when
//! the next attempt is due.
//!
//! Reads instead of asking the system to tell: a list may lie on a network's disk, behind a link
//! that is swapped, in a folder that is not there yet; none of these is told of.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use quorate_providers::Query;
use tokio::time::{Instant, sleep};

use crate::agent::lookup::{Lookup, Text};
use crate::join::SourceId;

/// Least pause between two looks. Chosen: soon to a person who waits, and a list of usual size
/// costs a tenth of a millisecond to read.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks take at most one part in so many of the time, however long the list is.
const SHARE: u32 = 20;

/// What one look at a source saw, and for how long.
struct Look {
    source: SourceId,
    query: Query,
    text: Option<Text>,
    took: Duration,
}

/// The sources that are files.
pub(super) struct Files {
    lookup: Lookup,
    /// What each said when it was asked last; none before the first answer.
    said: BTreeMap<SourceId, Option<Text>>,
    looks: FuturesUnordered<BoxFuture<'static, Look>>,
}

impl Files {
    pub(super) fn new(lookup: &Lookup, sources: impl Iterator<Item = (SourceId, Query)>) -> Self {
        let mut files = Self {
            lookup: lookup.clone(),
            said: BTreeMap::new(),
            looks: FuturesUnordered::new(),
        };
        for (source, query) in sources {
            files.said.insert(source, None);
            files.look_later(source, query, LOOK_EVERY);
        }
        files
    }

    /// Takes what a source said when it was asked.
    pub(super) fn note(&mut self, source: SourceId, text: Text) {
        if let Some(said) = self.said.get_mut(&source) {
            *said = Some(text);
        }
    }

    /// The next source that says something else than when it was asked last; said again until it
    /// is asked. None if no source is a file.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn changed(&mut self) -> Option<SourceId> {
        loop {
            let look = self.looks.next().await?;
            let said = self.said.get(&look.source)?;
            let is_news = look.text.is_some() && look.text != *said;
            let pause = LOOK_EVERY.max(look.took.saturating_mul(SHARE));
            self.look_later(look.source, look.query, pause);
            if is_news {
                return Some(look.source);
            }
        }
    }

    fn look_later(&self, source: SourceId, query: Query, pause: Duration) {
        let lookup = self.lookup.clone();
        self.looks.push(Box::pin(async move {
            sleep(pause).await;
            let began = Instant::now();
            let text = lookup.text(&query).await;
            Look {
                source,
                query,
                text,
                took: began.elapsed(),
            }
        }));
    }
}
