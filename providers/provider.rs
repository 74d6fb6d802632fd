//! What a provider is, and what it is given.
//!
//! A provider reaches the world only through what [`Lookup`] hands it; it does not log, spawn or
//! read a clock. It reads every page, zone and region it was asked for, adds a contact for each
//! machine it saw, and a gap for each part it could not read. It fails on the first thing that ends
//! the lookup; the runner decides whether what was found so far is an answer.

use std::fmt;
use std::time::Duration;

use crate::io::BoxFuture;
use crate::{Answer, Io, Key, Query, QueryError, ResolveError};

/// Resolves the queries that bear its name.
pub trait Provider: fmt::Debug + Send + Sync {
    /// The name, as in `provider=<name>`.
    fn name(&self) -> &'static str;

    /// Every key it takes, sorted by name, without `provider`.
    fn keys(&self) -> &'static [Key];

    /// Refuses values that cannot be right. Makes no call and reads no environment.
    ///
    /// # Errors
    ///
    /// [`QueryError::Value`] or [`QueryError::MissingKey`] for the first key that is wrong.
    fn check(&self, query: &Query) -> Result<(), QueryError>;

    /// Adds what the query finds to the answer.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] for whatever ended the lookup before its end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the lookup; what is in the answer by then is true.
    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        answer: &'a mut Answer,
    ) -> BoxFuture<'a, Result<(), ResolveError>>;
}

/// One lookup: what is asked, through which doors, within which bounds.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// What is asked.
    pub query: &'a Query,
    /// The doors to the world.
    pub io: &'a Io,
    /// The bounds.
    pub limits: &'a Limits,
}

/// The bounds of one lookup (design, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time for all pages and retries together; 30 s by default.
    pub deadline: Duration,
    /// Pages that are read before the vendor is taken to run in a circle; 1,000 by default.
    pub pages: usize,
    /// Bytes of one reply; 32 MiB by default.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            pages: 1_000,
            body_bytes: 32 << 20,
        }
    }
}
