//! A parsed `provider=... key=value` string that keeps to its provider's table of keys.
//!
//! Pure: parsing a query makes no call. Unknown keys are refused, unlike in go-discover, where a
//! misspelt `tag_key` silently lists every machine of an account (provider reference, 6.1, 10).

use std::collections::BTreeMap;
use std::fmt;

use crate::grammar::{self, GrammarError, Pairs, Shown};
use crate::keys::{Key, Keys, Need, nearest};
use crate::point;

/// The longest phrase about a value, which it may repeat, in characters. Chosen: the longest of ours
/// names the states of an instance in 200.
const WHY_CHARS_MAX: usize = 400;

/// Why a text is no query. Nothing here is healed by trying again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The text breaks the grammar.
    #[error(transparent)]
    Grammar(GrammarError),
    /// The key `provider` is missing or empty.
    #[error("no `provider=` in the query")]
    NoProvider,
    /// There is no provider of this name in this build.
    #[error("unknown provider `{}`; {}", Shown::name(name), hint(valid))]
    UnknownProvider {
        /// The name as given.
        name: String,
        /// The nearest names, else all.
        valid: Vec<&'static str>,
    },
    /// The provider takes no key of this name.
    #[error("{provider} takes no key `{}`; {}", Shown::name(key), hint(valid))]
    UnknownKey {
        /// The provider.
        provider: &'static str,
        /// The key as given.
        key: String,
        /// The nearest keys, else all.
        valid: Vec<&'static str>,
    },
    /// A key that must be there is not.
    #[error("{provider} needs the key `{key}`")]
    MissingKey {
        /// The provider.
        provider: &'static str,
        /// The key.
        key: &'static str,
    },
    /// A value cannot be right.
    #[error("{provider}: `{key}` {}", Shown::new(why, WHY_CHARS_MAX))]
    Value {
        /// The provider.
        provider: &'static str,
        /// The key.
        key: &'static str,
        /// What is wrong, as a phrase that follows the key; without the value of a secret.
        why: String,
    },
}

fn hint(valid: &[&'static str]) -> String {
    match valid {
        [] => "this build has none".to_owned(),
        [only] => format!("is `{only}` meant?"),
        several => format!("one of {}", several.join(", ")),
    }
}

/// A checked query. `Display` and `Debug` show secrets as `****`, also the user of a URL and the
/// values of its query.
#[derive(Clone)]
pub struct Query {
    provider: &'static str,
    keys: Keys,
    values: BTreeMap<String, String>,
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        (self.provider, &self.values) == (other.provider, &other.values)
    }
}

impl Eq for Query {}

impl Query {
    /// The name of the provider.
    pub const fn provider(&self) -> &'static str {
        self.provider
    }

    /// The value of a key; none if it is absent or empty.
    pub fn value(&self, key: &str) -> Option<&str> {
        let value = self.values.get(key).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// The key of this name in the provider's tables.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        let mut keys = self.keys.iter().copied().flatten();
        keys.find(|key| key.name == name)
    }

    /// The error that a key's value cannot be right, with a phrase that follows the key; never hand in
    /// a secret.
    pub fn refusal(&self, key: &'static str, why: impl Into<String>) -> QueryError {
        QueryError::Value {
            provider: self.provider,
            key,
            why: why.into(),
        }
    }

    /// Checks pairs against the table of the provider they name.
    pub(crate) fn from_pairs(
        pairs: Pairs,
        tables: &[(&'static str, Keys)],
    ) -> Result<Self, QueryError> {
        let mut values: BTreeMap<String, String> = pairs.into_iter().collect();
        let name = values
            .remove("provider")
            .filter(|name| !name.is_empty())
            .ok_or(QueryError::NoProvider)?;
        let Some((provider, keys)) = tables.iter().find(|(known, _)| *known == name).copied()
        else {
            let known: Vec<&'static str> = tables.iter().map(|(known, _)| *known).collect();
            let valid = nearest(&name, &known);
            return Err(QueryError::UnknownProvider { name, valid });
        };
        check_keys(provider, keys, &values)?;
        Ok(Self {
            provider,
            keys,
            values,
        })
    }
}

fn check_keys(
    provider: &'static str,
    keys: Keys,
    values: &BTreeMap<String, String>,
) -> Result<(), QueryError> {
    let all = || keys.iter().copied().flatten();
    let mut names: Vec<&'static str> = all().map(|key| key.name).collect();
    names.sort_unstable();
    if let Some(key) = values.keys().find(|key| !names.contains(&key.as_str())) {
        return Err(QueryError::UnknownKey {
            provider,
            key: key.clone(),
            valid: nearest(key, &names),
        });
    }
    let is_missing = |key: &&Key| match key.need {
        Need::Required => !values.contains_key(key.name),
        Need::Filled => values.get(key.name).is_none_or(String::is_empty),
        Need::Optional => false,
    };
    if let Some(Key { name: key, .. }) = all().find(is_missing) {
        return Err(QueryError::MissingKey { provider, key });
    }
    for key in all() {
        let value = values.get(key.name).map_or("", String::as_str);
        if !value.is_empty() {
            let key_name = key.name;
            key.judge(value).map_err(|why| QueryError::Value {
                provider,
                key: key_name,
                why,
            })?;
        }
    }
    Ok(())
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(key, value): (&String, &String)| {
            let value = point::own_value(self.keys, key, value);
            (key.clone(), value)
        };
        let rest: Vec<(String, String)> = self.values.iter().map(shown).collect();
        let rest = rest.iter().map(|(key, value)| (&**key, &**value));
        grammar::write(f, std::iter::once(("provider", self.provider)).chain(rest))
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({self})")
    }
}
