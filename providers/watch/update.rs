//! What a change is.
//!
//! Pure.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::CacheError;
use crate::{Contact, Gap, Host, Query, ResolveError};

/// What is now known of one query, and how that differs from before. One is told when contacts,
/// gaps or the error change.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Update {
    /// Which query, from zero in the order they were added.
    pub source: usize,
    /// The query; it shows secrets as `****`.
    pub query: Query,
    /// All contacts that are known, sorted, also those of an earlier answer that nothing refutes.
    pub contacts: Vec<Contact>,
    /// The parts that the last answer could not read; contacts of earlier answers then stay.
    pub gaps: Vec<Gap>,
    /// Contacts whose host and port were not known before.
    pub added: Vec<Contact>,
    /// Contacts whose host and port are gone, by the word of a complete answer.
    pub removed: Vec<Contact>,
    /// When the last complete answer came; none if there was none yet.
    pub since: Option<SystemTime>,
    /// Why the last lookup gave no answer.
    pub error: Option<ResolveError>,
    /// When the next lookup begins; none if this query is refused for good.
    pub next: Option<SystemTime>,
    /// Why the last answer could not be kept on disk.
    pub cache_error: Option<CacheError>,
    /// The contacts are those of the disk: no lookup has given an answer yet.
    pub is_cached: bool,
}

impl Update {
    /// Says whether some of it may no longer be true: it comes from the disk, or the last lookup
    /// gave no complete answer. [`Update::since`] says how old it is.
    pub const fn is_old(&self) -> bool {
        self.is_cached || self.error.is_some() || !self.gaps.is_empty()
    }
}

/// A contact's place, by which it is the same as before.
fn place(contact: &Contact) -> (Host, Option<u16>) {
    (contact.host.clone(), contact.port)
}

/// The contacts of the first list whose places are not in the second.
pub(super) fn missing_in(list: &[Contact], other: &[Contact]) -> Vec<Contact> {
    let known: BTreeSet<_> = other.iter().map(place).collect();
    let is_new = |contact: &&Contact| !known.contains(&place(contact));
    list.iter().filter(is_new).cloned().collect()
}

/// A partial answer and what was known before, sorted; what is in both is told as it is now.
pub(super) fn merged(now: Vec<Contact>, before: &[Contact]) -> Vec<Contact> {
    let mut all = missing_in(before, &now);
    all.extend(now);
    all.sort_unstable();
    all
}
