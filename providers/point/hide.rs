//! Which values of a config string must not be shown.
//!
//! Pure. The table of the provider decides about its own keys. About any other key its name does,
//! since strings are shown too that are misspelt, or that are meant for a provider of another
//! build: what is hidden without need costs little, what is shown cannot be taken back.

use std::ops::Range;

use super::Table;
use crate::Keys;
use crate::grammar::{MASK, Mistake, Pair};
use crate::keys::distance;

/// Names of secrets at go-discover's providers (provider reference, 3), and parts of such names.
const SECRETS: &[&str] = &[
    "access_key_secret",
    "api_key",
    "api_token",
    "auth_token",
    "client_secret",
    "password",
    "secret_access_key",
    "secret_key",
    "session_token",
    "token",
];

/// What gives away a name of which the list knows nothing.
const PARTS: &[&str] = &[
    "_secret",
    "secret_",
    "password",
    "passwd",
    "passphrase",
    "token",
    "credential",
    "api_key",
    "apikey",
    "private_key",
];

/// Endings of names whose values say where a secret is, and are none.
const PLACES: &[&str] = &["_file", "_path", "_url"];

/// Whether a value may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// The table says that it is no secret.
    Open,
    /// Nothing is known of the key, and its name is no secret's.
    Unknown,
    /// It must not be shown.
    Secret,
}

/// The tables by which values are judged: that of the provider that a string names, if there is
/// one, and all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'a> {
    pub(super) own: Option<Keys>,
    pub(super) all: &'a [Table],
}

impl Tables<'_> {
    /// Whether the value of a key may be seen.
    pub(super) fn view(&self, name: &str) -> View {
        if name == "provider" {
            return View::Open;
        }
        let named = |keys: Keys| keys.iter().copied().flatten().find(|key| key.name == name);
        if let Some(key) = self.own.and_then(named) {
            return if key.secret { View::Secret } else { View::Open };
        }
        let mut others = self.all.iter().filter_map(|(_, keys)| named(keys));
        if others.any(|key| key.secret) || looks_secret(name) {
            return View::Secret;
        }
        View::Unknown
    }

    /// What of a text must be masked: the secrets among the pairs that were read, and in the rest,
    /// which could not be read, all that may belong to one.
    pub(super) fn masks(&self, text: &str, pairs: &[Pair]) -> Vec<Range<usize>> {
        let mut masks = Vec::new();
        let mut tail = false;
        for pair in pairs {
            tail = self.goes_on(tail, pair);
            if tail || self.carries_secret(&pair.key) {
                masks.push(pair.key_at.clone());
            }
            let is_told = self.carries_secret(&pair.value) || has_user(&pair.value);
            if tail || self.hides(&pair.key) || is_told {
                masks.push(pair.value_at.clone());
            }
            tail = self.opens(tail, pair);
        }
        let read = pairs.last().map_or(0, |pair| pair.value_at.end);
        let unread = text.get(read..).unwrap_or_default();
        let hidden = tail || self.is_value_a_key(pairs, unread);
        self.mask_unread(unread, read, hidden, &mut masks);
        masks
    }

    /// Says whether the last value was taken for one and is the name of a secret, with its `=`
    /// behind it: `key= password=...` or, with a tab, `key=value<tab>password=...`.
    fn is_value_a_key(&self, pairs: &[Pair], unread: &str) -> bool {
        let value = pairs.last().map_or("", |pair| &pair.value);
        unread.trim_start().starts_with('=') && self.names_secret(value)
    }

    /// Masks words of a text that could not be read: all, if they may belong to a secret, else those
    /// behind the first name that is a secret's.
    fn mask_unread(
        &self,
        unread: &str,
        from: usize,
        mut hidden: bool,
        masks: &mut Vec<Range<usize>>,
    ) {
        for word in words(unread) {
            let text = unread.get(word.clone()).unwrap_or_default();
            if hidden {
                masks.push(from + word.start..from + word.end);
                continue;
            }
            let name = text.trim_matches('"');
            let rest = unread.get(word.end..).unwrap_or_default();
            let is_key = rest.trim_start().starts_with('=');
            hidden = self.names_secret(name) || (self.hides(name) && is_key);
        }
    }

    /// Says whether the name of a secret is among the words of a broken text.
    fn names_secret(&self, text: &str) -> bool {
        let mut names = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        names.any(|name| self.view(name) == View::Secret)
    }

    /// Says whether the value of a key is hidden: a secret, and what a known provider does not know.
    fn hides(&self, name: &str) -> bool {
        match self.view(name) {
            View::Open => false,
            View::Unknown => self.own.is_some() || self.names_secret(name),
            View::Secret => true,
        }
    }

    /// Says whether a pair may be part of the unquoted secret before it.
    fn goes_on(&self, tail: bool, pair: &Pair) -> bool {
        tail && self.view(&pair.key) == View::Unknown
    }

    /// Says whether what follows a pair may be part of its secret. Quotes are no proof that it is
    /// not: one inside a secret may lack its backslash.
    fn opens(&self, is_part: bool, pair: &Pair) -> bool {
        is_part || self.names_secret(&pair.key) || self.carries_secret(&pair.value)
    }

    /// Says whether a value has swallowed a secret with its name: a quote stands in a wrong place.
    fn carries_secret(&self, value: &str) -> bool {
        value.contains('=') && self.names_secret(value)
    }

    /// Takes the names out of a mistake that may be parts of a secret.
    pub(super) fn masked(&self, pairs: &[Pair], mistake: Mistake) -> Mistake {
        let (mut tail, mut last_is_part) = (false, false);
        for pair in pairs {
            last_is_part = self.goes_on(tail, pair);
            tail = self.opens(last_is_part, pair);
        }
        let hide = |name: String, is_part: bool| {
            let is_known = self.view(&name) != View::Unknown;
            if (is_part && !is_known) || self.carries_secret(&name) {
                MASK.to_owned()
            } else {
                name
            }
        };
        let key = |name| hide(name, tail);
        let last = |name| hide(name, last_is_part);
        match mistake {
            Mistake::MissingEquals { key: name, after } => Mistake::MissingEquals {
                key: key(name),
                after: last(after),
            },
            Mistake::MissingValue { key: name, after } => Mistake::MissingValue {
                key: key(name),
                after: last(after),
            },
            Mistake::DuplicateKey { key: name } => Mistake::DuplicateKey { key: key(name) },
            Mistake::BadValue { key: name, why } => Mistake::BadValue {
                key: key(name),
                why,
            },
            Mistake::BareEquals { after } => Mistake::BareEquals { after: last(after) },
            Mistake::BadKey { after, why } => Mistake::BadKey {
                after: last(after),
                why,
            },
            bound @ (Mistake::TooLong { .. } | Mistake::TooManyKeys) => bound,
        }
    }
}

/// Says whether a name is that of a secret, or near to one.
fn looks_secret(name: &str) -> bool {
    if PLACES.iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    // The distance of a text of some kilobytes takes long, and it is far.
    let is_near =
        |secret: &&str| name.len() < 2 * secret.len() && distance(name, secret) <= secret.len() / 4;
    gives_away(name) || SECRETS.iter().any(is_near)
}

fn gives_away(name: &str) -> bool {
    let name = name.to_lowercase();
    PARTS.iter().any(|part| name.contains(part))
}

/// Where the words of a text stand: what is between spaces and equals signs.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_gap = |c: char| c == '=' || c.is_whitespace();
    text.split(is_gap)
        .scan(0, |next, word| {
            let start = *next;
            // Behind the word stands one character that is none.
            let gap = text
                .get(start + word.len()..)
                .and_then(|rest| rest.chars().next());
            *next = start + word.len() + gap.map_or(0, char::len_utf8);
            Some(start..start + word.len())
        })
        .filter(|word| !word.is_empty())
}

/// Says whether a text holds a URL with something before its host (RFC 3986, section 3.2.1).
fn has_user(text: &str) -> bool {
    let mut authorities = text.split("://").skip(1);
    authorities.any(|rest| {
        let end = rest.find(['/', '?', '#', ' ']);
        end.map_or(Some(rest), |end| rest.get(..end))
            .is_some_and(|authority| authority.contains('@'))
    })
}
