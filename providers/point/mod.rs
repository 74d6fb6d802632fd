//! Shows where a config string is wrong, and none of its secrets.
//!
//! Pure. The grammar knows places and no secrets, a query knows keys and no places; here they meet.

mod hide;
#[cfg(test)]
mod tests;

use hide::{Tables, View};

use crate::grammar::{self, GrammarError, Pair, Pairs, Picture, Reading};
use crate::{Keys, QueryError};

/// A provider's name and its keys.
type Table = (&'static str, Keys);

/// Reads the pairs of a string by the grammar alone. An error shows no part of a secret.
///
/// # Errors
///
/// [`GrammarError`] at the first place that breaks the grammar.
pub(crate) fn read(text: &str, all: &[Table]) -> Result<Pairs, GrammarError> {
    let Reading { pairs, error } = grammar::read(text);
    if let Some(error) = error {
        let tables = of_string(&pairs, all);
        return Err(error.map(|mistake| tables.masked(&pairs, mistake)));
    }
    let pairs = pairs.into_iter().map(|pair| (pair.key, pair.value));
    Ok(pairs.collect())
}

/// Says whether the value of a key of a provider must not be shown.
pub(crate) fn is_secret(provider: &str, key: &str, all: &[Table]) -> bool {
    of_provider(provider, all).view(key) == View::Secret
}

/// Draws a string with a caret under what an error is about; none if it is about what is not there.
pub(crate) fn picture(text: &str, error: &QueryError, all: &[Table]) -> Option<Picture> {
    let Reading { pairs, .. } = grammar::read(text);
    let at = place(&pairs, error)?;
    let masks = of_string(&pairs, all).masks(text, &pairs);
    Some(Picture::new(text, at, &masks))
}

/// The byte that an error is about: a name where the name is wrong, a value where that is.
fn place(pairs: &[Pair], error: &QueryError) -> Option<usize> {
    let pair = |name: &str| pairs.iter().find(|pair| pair.key == name);
    match error {
        QueryError::Grammar(error) => Some(error.at()),
        QueryError::NoProvider | QueryError::UnknownProvider { .. } => {
            Some(pair("provider")?.value_at.start)
        }
        QueryError::UnknownKey { key, .. } => Some(pair(key)?.key_at.start),
        QueryError::Value { key, .. } => Some(pair(key)?.value_at.start),
        QueryError::MissingKey { .. } => None,
    }
}

/// The tables for a string: of the first provider that it names, even if it is broken later.
fn of_string<'a>(pairs: &[Pair], all: &'a [Table]) -> Tables<'a> {
    let named = pairs.iter().find(|pair| pair.key == "provider");
    of_provider(named.map_or("", |pair| &pair.value), all)
}

fn of_provider<'a>(name: &str, all: &'a [Table]) -> Tables<'a> {
    let own = all.iter().find(|(known, _)| *known == name);
    Tables {
        own: own.map(|(_, keys)| *keys),
        all,
    }
}
