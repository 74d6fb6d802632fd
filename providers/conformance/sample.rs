//! What is known of a provider beyond its tables: a query, and a good answer.

use std::collections::BTreeMap;

use crate::keys::Need;
use crate::{Key, Provider, QueryError, Registry};

/// A query that works and what the vendor answers to it. The default has neither: then a query is
/// made from the tables, and only bad answers are played.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    pub(super) query: String,
    pub(super) pages: Vec<(String, String)>,
    pub(super) before: Vec<(String, String)>,
    pub(super) next: Option<String>,
    pub(super) variables: Vec<(String, String)>,
    pub(super) files: Vec<(String, String)>,
}

impl Sample {
    /// A query without `endpoint=`, which the suite adds.
    pub fn of(query: &str) -> Self {
        Self {
            query: query.to_owned(),
            ..Self::default()
        }
    }

    /// A good answer to requests whose path, query or body has this text in it; the first that fits
    /// counts, so the later pages go first. `{addr}` in it becomes the host of the endpoint.
    #[must_use]
    pub fn page(mut self, within: &str, body: &str) -> Self {
        self.pages.push((within.to_owned(), body.to_owned()));
        self
    }

    /// As [`Sample::page`], for what is asked before the list and never answers badly here: tokens,
    /// metadata.
    #[must_use]
    pub fn before(mut self, within: &str, body: &str) -> Self {
        self.before.push((within.to_owned(), body.to_owned()));
        self
    }

    /// The text in a page that names the next one and may end in more digits, such as `page=2` or
    /// `"next": 2`.
    #[must_use]
    pub fn next(mut self, text: &str) -> Self {
        self.next = Some(text.to_owned());
        self
    }

    /// With an environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a file.
    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    pub(super) const fn has_pages(&self) -> bool {
        !self.pages.is_empty()
    }

    /// The query, else one that the tables allow.
    pub(super) fn query(
        &self,
        provider: &dyn Provider,
        registry: &Registry,
    ) -> Result<String, String> {
        let text = if self.query.is_empty() {
            made(provider, registry)?
        } else {
            self.query.clone()
        };
        let refused = |error: QueryError| format!("{text}: {error}");
        registry.parse(&text).map_err(refused)?;
        Ok(text)
    }
}

/// Values of which one is right for most keys.
const VALUES: [&str; 6] = ["a", "10.0.0.1", "http://api.example", "/run/x", "1", "a=b"];

/// The most tries to make a query.
const TRIES_MAX: usize = 100;

/// Adds keys and changes values as the refusals say, until none is left.
fn made(provider: &dyn Provider, registry: &Registry) -> Result<String, String> {
    let all = || provider.keys().iter().copied().flatten();
    let required = all().filter(|key| key.need != Need::Optional);
    let mut tries: BTreeMap<&'static str, usize> = required.map(|key| (key.name, 0)).collect();
    let mut why = "it takes no query".to_owned();
    for _try in 0..TRIES_MAX {
        let text = written(provider.name(), &tries, all().copied());
        let error = match registry.parse(&text) {
            Ok(_query) => return Ok(text),
            Err(error) => error,
        };
        why = format!("{text}: {error}");
        match error {
            QueryError::MissingKey { key, .. } => {
                tries.entry(key).or_insert(0);
            }
            QueryError::Value { key, .. } => *tries.entry(key).or_insert(0) += 1,
            _ => return Err(why),
        }
    }
    Err(why)
}

fn written(
    name: &str,
    tries: &BTreeMap<&'static str, usize>,
    keys: impl Iterator<Item = Key>,
) -> String {
    let keys: Vec<Key> = keys.collect();
    let mut text = format!("provider={name}");
    for (name, tried) in tries {
        let known = keys.iter().find(|key| key.name == *name);
        let choices = known.map_or(&[][..], |key| key.choices);
        let all = if choices.is_empty() { &VALUES } else { choices };
        let value = all.iter().cycle().nth(*tried).unwrap_or(&"a");
        text = format!("{text} {name}=\"{value}\"");
    }
    text
}
