//! Why a lookup came to nothing, and whether to try again.
//!
//! Pure. One struct for all providers, because the caller reads only [`ResolveError::retry`] and
//! people read the rest. No part of it may hold a secret.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::grammar::is_plain;

/// The longest text that a vendor gets into one of our errors, in characters. Chosen: three lines.
const DETAIL_CHARS_MAX: usize = 300;

/// The longest pause that a vendor can ask for. Chosen: a reply with a day in it must not put an
/// agent to sleep.
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// What sort of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The query itself cannot be right; only a person can change that.
    Query,
    /// There are no credentials, or the vendor does not accept them.
    Credentials,
    /// The credentials are good but may not do this.
    Denied,
    /// Too many requests.
    Throttled,
    /// The vendor, or the way to it, is not up.
    Unavailable,
    /// No answer within the deadline.
    Timeout,
    /// A reply that is not the API's: wrong shape, too large, pages without end.
    Answer,
    /// A mistake of this program.
    Internal,
}

impl Kind {
    /// The word for it, such as `throttled`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "the query cannot be right",
            Self::Credentials => "no usable credentials",
            Self::Denied => "not permitted",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Timeout => "no answer in time",
            Self::Answer => "the answer makes no sense",
            Self::Internal => "internal error",
        }
    }
}

/// Whether and when to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It cannot succeed before the query is changed.
    Never,
    /// After a pause of the caller's choice.
    Backoff,
    /// Not before this time has passed, by the vendor's word; at most five minutes.
    After(Duration),
}

/// A failed lookup. `Display` says provider, operation, kind and context on one line; what lies
/// behind it is the `source`.
#[derive(Debug, Clone)]
pub struct ResolveError {
    kind: Kind,
    provider: &'static str,
    operation: &'static str,
    context: Vec<(&'static str, String)>,
    pause: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ResolveError {
    /// An error of a provider while it did an operation, such as `DescribeInstances`.
    pub const fn new(kind: Kind, provider: &'static str, operation: &'static str) -> Self {
        Self {
            kind,
            provider,
            operation,
            context: Vec::new(),
            pause: None,
            source: None,
        }
    }

    /// A query that passed the parser, and is refused all the same.
    pub(crate) fn query(provider: &'static str, why: impl Error + Send + Sync + 'static) -> Self {
        Self::new(Kind::Query, provider, "check the query").with_source(why)
    }

    /// Adds a fact for the reader. Characters that break a line or turn it around are dropped, and 300 characters kept, since
    /// the text may be the vendor's. Never hand in a secret.
    #[must_use]
    pub fn with(mut self, name: &'static str, detail: &str) -> Self {
        let clean = detail.chars().filter(|c| is_plain(*c));
        self.context
            .push((name, clean.take(DETAIL_CHARS_MAX).collect()));
        self
    }

    /// Adds the pause that the vendor asked for.
    #[must_use]
    pub fn with_pause(mut self, pause: Duration) -> Self {
        self.pause = Some(pause.min(PAUSE_MAX));
        self
    }

    /// Adds what lies behind it. Its text must not hold a secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What sort of failure it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The provider, or `dns` for a plain name.
    pub const fn provider(&self) -> &'static str {
        self.provider
    }

    /// The vendor's call, or the step of ours, that failed.
    pub const fn operation(&self) -> &'static str {
        self.operation
    }

    /// The facts, in the order they were added.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.context
    }

    /// Whether and when to try again. Only a wrong query is final: rights, roles and networks are
    /// put right while agents run, and Consul's agents pick that up too.
    pub const fn retry(&self) -> Retry {
        match (self.kind, self.pause) {
            (Kind::Query, _) => Retry::Never,
            (_, Some(pause)) => Retry::After(pause),
            (_, None) => Retry::Backoff,
        }
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_str();
        write!(f, "{}: {}: {kind}", self.provider, self.operation)?;
        for (index, (name, detail)) in self.context.iter().enumerate() {
            let opening = if index == 0 { " (" } else { ", " };
            write!(f, "{opening}{name}: {detail}")?;
        }
        if self.context.is_empty() {
            return Ok(());
        }
        f.write_str(")")
    }
}

impl Error for ResolveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| -> &(dyn Error + 'static) { source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendors_text_cannot_break_a_log_line() {
        let error = ResolveError::new(Kind::Denied, "aws", "DescribeInstances")
            .with("code", "X\r\n\u{2028}\u{202e}level=error")
            .with("message", &"m".repeat(1000));
        let text = error.to_string();
        assert!(
            text.starts_with(
                "aws: DescribeInstances: not permitted (code: Xlevel=error, message: "
            )
        );
        assert!(text.len() < 400, "{text}");
    }

    #[test]
    fn only_a_wrong_query_is_final() {
        let of = |kind| ResolveError::new(kind, "aws", "x");
        assert_eq!(of(Kind::Query).retry(), Retry::Never);
        for kind in [Kind::Credentials, Kind::Denied, Kind::Timeout, Kind::Answer] {
            assert_eq!(of(kind).retry(), Retry::Backoff);
        }
    }

    #[test]
    fn a_vendor_cannot_ask_for_more_than_five_minutes() {
        let of = |secs| {
            ResolveError::new(Kind::Throttled, "aws", "x").with_pause(Duration::from_secs(secs))
        };
        assert_eq!(of(7).retry(), Retry::After(Duration::from_secs(7)));
        assert_eq!(of(86_400).retry(), Retry::After(Duration::from_mins(5)));
    }
}
