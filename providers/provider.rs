//! What a provider is, and what it is given.
//!
//! A provider reaches the world only through what [`Lookup`] hands it; it does not log, spawn or
//! read a clock. It reads every page, zone and region it was asked for, adds an instance for each
//! machine it saw, also for those it leaves out, and a gap for each part it could not read. It
//! fails on the first thing that ends the lookup; the runner decides whether what was found so far
//! is an answer, and which addresses are in it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::io::BoxFuture;
use crate::keys::Keys;
use crate::{AddressKind, Io, Kind, Query, QueryError, ResolveError, Secret, Seen};

/// Resolves the queries that bear its name.
pub trait Provider: fmt::Debug + Send + Sync {
    /// The name, as in `provider=<name>`.
    fn name(&self) -> &'static str;

    /// What people need to know; help and README are made of it.
    fn about(&self) -> &'static About;

    /// Its tables of keys, without `provider`: its own, sorted by name, and the shared ones that
    /// it takes ([`crate::ADDRESS_KEYS`], [`crate::HTTP_KEYS`], [`crate::LOGIN_KEYS`]).
    fn keys(&self) -> Keys;

    /// Refuses values that cannot be right, beyond what the tables refuse. Makes no call and reads
    /// no environment.
    ///
    /// # Errors
    ///
    /// [`QueryError::Value`] or [`QueryError::MissingKey`] for the first key that is wrong.
    #[expect(unused_variables, reason = "the tables check enough for most")]
    fn check(&self, query: &Query) -> Result<(), QueryError> {
        Ok(())
    }

    /// The kinds of address by preference where the query says nothing; empty takes every address.
    #[expect(unused_variables, reason = "most know no kinds")]
    fn order(&self, query: &Query) -> &'static [AddressKind] {
        &[]
    }

    /// The folders in which a change may change the answer, for whoever watches instead of asking
    /// again; none if it comes from elsewhere. A path may be relative, and its folder not there yet.
    #[expect(unused_variables, reason = "most read no files")]
    fn folders(&self, query: &Query) -> Vec<PathBuf> {
        Vec::new()
    }

    /// What a lookup costs others. The default is the dearest.
    fn cost(&self) -> Cost {
        Cost::Calls
    }

    /// Adds what the query finds.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] for whatever ended the lookup before its end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the lookup; what was seen by then is true.
    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>>;
}

/// What a lookup costs others, for whoever decides how often to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cost {
    /// Nothing: the answer is in the query, or on this machine. It may still list names.
    Nothing,
    /// Questions to name servers, whose answers say how long they stay true.
    Names,
    /// Calls of an API, which may be limited, or a program that is run.
    Calls,
}

/// What people need to know of a provider; each a line or a few, without Markdown beyond backticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// What it finds, as in `running EC2 instances with a tag`.
    pub finds: &'static str,
    /// Where credentials come from, in order; empty if it needs none.
    pub credentials: &'static str,
    /// The least rights that it needs; empty if it needs none.
    pub permissions: &'static str,
    /// The vendor's page on the API; empty if there is none.
    pub link: &'static str,
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

/// The longest file with a secret in it. Chosen: a token of a workload identity has 2 KiB.
const SECRET_BYTES_MAX: usize = 64 << 10;

impl Lookup<'_> {
    /// The value of a key: the query's, else that of the environment variable in its table.
    pub fn value(&self, key: &str) -> Option<String> {
        let given = self.query.value(key).map(str::to_owned);
        given.or_else(|| {
            let variable = self.query.key(key)?.variable?;
            self.io.environment().value(variable)
        })
    }

    /// The secret of a key: the query's, else the text of the file that `<key>_file` names, without
    /// the white space around it, else the environment variable in its table.
    ///
    /// # Errors
    ///
    /// [`Kind::Credentials`] if the file cannot be read, is empty, or is longer than 64 KiB.
    pub async fn secret(&self, key: &'static str) -> Result<Option<Secret>, ResolveError> {
        if let Some(text) = self.query.value(key) {
            return Ok(Some(Secret::new(text)));
        }
        match self.query.value(&format!("{key}_file")) {
            Some(path) => self
                .secret_file(&format!("{key}_file"), path)
                .await
                .map(Some),
            None => Ok(self.value(key).map(Secret::new)),
        }
    }

    /// The secret in a file that a key, or the variable in its table, names; as [`Lookup::secret`].
    pub(crate) async fn secret_file(&self, key: &str, path: &str) -> Result<Secret, ResolveError> {
        let error = || {
            let error = ResolveError::new(
                Kind::Credentials,
                self.query.provider(),
                "read the file of a secret",
            );
            error.with("key", key).with("file", path)
        };
        let file = self.io.files().read(Path::new(path), SECRET_BYTES_MAX);
        let file = file.await.map_err(|cause| error().with_source(cause))?;
        let text = String::from_utf8(file.bytes).unwrap_or_default();
        if text.trim().is_empty() {
            return Err(error().with("cause", "it is empty, or no text"));
        }
        Ok(Secret::new(text.trim()))
    }
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
