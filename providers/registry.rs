//! Which providers there are: those of this build, and one's own.

use crate::grammar::MASK;
use crate::provider::{Limits, Lookup, Provider};
use crate::{Answer, Io, Kind, PROVIDERS, Query, QueryError, ResolveError, point, resolve, tables};

/// A set of providers, each under its name. The functions of the crate's root use that of the
/// build; this is for programs that have providers of their own.
#[derive(Debug, Clone)]
pub struct Registry {
    providers: Vec<&'static dyn Provider>,
}

impl Default for Registry {
    /// The providers of this build.
    fn default() -> Self {
        Self::builtin()
    }
}

impl Registry {
    /// The providers of this build.
    pub fn builtin() -> Self {
        Self {
            providers: PROVIDERS.to_vec(),
        }
    }

    /// No provider.
    pub const fn empty() -> Self {
        Self {
            providers: Vec::new(),
        }
    }

    /// With one more provider; it takes the place of one with the same name.
    #[must_use]
    pub fn with(mut self, provider: &'static dyn Provider) -> Self {
        self.providers
            .retain(|known| known.name() != provider.name());
        self.providers.push(provider);
        self.providers.sort_by_key(|known| known.name());
        self
    }

    /// The providers, sorted by name.
    pub fn providers(&self) -> &[&'static dyn Provider] {
        &self.providers
    }

    /// As [`Query::parse`].
    ///
    /// # Errors
    ///
    /// As [`Query::parse`].
    pub fn parse(&self, text: &str) -> Result<Query, QueryError> {
        Query::parse_among(text, &self.providers)
    }

    /// As [`crate::redact`].
    pub fn redact(&self, text: &str) -> String {
        point::redacted(text, MASK, &tables(&self.providers))
    }

    /// As [`crate::resolve_within`].
    ///
    /// # Errors
    ///
    /// As [`crate::resolve`]; [`Kind::Query`] if the query's provider is not in this registry.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the lookup and leaves nothing behind.
    pub async fn resolve(
        &self,
        query: &Query,
        io: &Io,
        limits: &Limits,
    ) -> Result<Answer, ResolveError> {
        resolve_among(&self.providers, Lookup { query, io, limits }).await
    }
}

/// Resolves with that of the providers which the query names.
pub(crate) async fn resolve_among(
    providers: &[&dyn Provider],
    lookup: Lookup<'_>,
) -> Result<Answer, ResolveError> {
    let name = lookup.query.provider();
    let Some(provider) = find(name, providers) else {
        let error = ResolveError::new(Kind::Query, name, "resolve");
        return Err(error.with("cause", "the provider is not registered"));
    };
    resolve::run(provider, lookup).await
}

fn find<'a>(name: &str, providers: &[&'a dyn Provider]) -> Option<&'a dyn Provider> {
    let mut known = providers.iter().copied();
    known.find(|provider| provider.name() == name)
}
