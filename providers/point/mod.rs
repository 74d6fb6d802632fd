//! Shows where a config string is wrong, and none of its secrets.
//!
//! Pure. The grammar knows places and no secrets, a query knows keys and no places; here they meet.

mod hide;
mod parts;
#[cfg(test)]
mod tests;

use hide::{Tables, View, is_name};

use crate::grammar::{self, GrammarError, MASK, Pair, Pairs, Picture, Reading, visible};
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

/// A value as it may be shown: the keys of a provider that is known to nobody by their names' look.
pub(crate) fn value(provider: &str, key: &str, value: &str, all: &[Table]) -> String {
    of_provider(provider, all).shown(key, value, false)
}

/// A value of a query as it may be shown, by the tables of its provider.
pub(crate) fn own_value(keys: Keys, key: &str, value: &str) -> String {
    let tables = Tables {
        own: Some(keys),
        all: &[],
    };
    tables.shown(key, value, true)
}

/// Any text as it may be shown, on one line, with a mask in place of all that is not known to be
/// open.
pub(crate) fn redacted(text: &str, mask: &str, all: &[Table]) -> String {
    let Reading { pairs, .. } = grammar::read(text);
    let masks = of_string(&pairs, all).masks(text, &pairs);
    let shown = parts::replaced(text, &masks, mask);
    shown.chars().map(visible).collect()
}

/// An error about a string without what must not be seen of the string.
pub(crate) fn veiled(text: &str, error: QueryError, all: &[Table]) -> QueryError {
    let Reading { pairs, .. } = grammar::read(text);
    let tables = of_string(&pairs, all);
    let hidden = || MASK.to_owned();
    match error {
        QueryError::UnknownProvider { name, valid } => QueryError::UnknownProvider {
            name: Some(name)
                .filter(|name| is_name(name))
                .unwrap_or_else(hidden),
            valid,
        },
        QueryError::UnknownKey {
            provider,
            key,
            valid,
        } => QueryError::UnknownKey {
            provider,
            key: tables.told_key(&pairs, &key).unwrap_or_else(hidden),
            valid,
        },
        QueryError::Value { provider, key, why } => {
            let pair = pairs.iter().find(|pair| pair.key == key);
            let phrase = pair.map(|pair| tables.phrase(key, &pair.value, &why));
            let why = phrase.unwrap_or(why);
            QueryError::Value { provider, key, why }
        }
        other => other,
    }
}

/// Draws a string with a caret under what an error is about; none if it is about what is not there.
pub(crate) fn picture(text: &str, error: &QueryError, all: &[Table]) -> Option<Picture> {
    let Reading { pairs, .. } = grammar::read(text);
    let tables = of_string(&pairs, all);
    let at = place(&pairs, error, tables)?;
    let masks = tables.masks(text, &pairs);
    Some(Picture::new(text, at, &masks))
}

/// The byte that an error is about: a name where the name is wrong, a value where that is.
fn place(pairs: &[Pair], error: &QueryError, tables: Tables<'_>) -> Option<usize> {
    let pair = |name: &str| pairs.iter().find(|pair| pair.key == name);
    let unknown = || pairs.iter().find(|pair| !tables.takes(&pair.key));
    match error {
        QueryError::Grammar(error) => Some(error.at()),
        QueryError::NoProvider | QueryError::UnknownProvider { .. } => {
            Some(pair("provider")?.value_at.start)
        }
        QueryError::UnknownKey { key, .. } => Some(pair(key).or_else(unknown)?.key_at.start),
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
