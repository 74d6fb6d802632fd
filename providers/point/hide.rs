//! Which values of a config string must not be shown.
//!
//! Pure. Shown is what the table of the provider knows as open, and nothing else: not the value of a
//! key that is misspelt or meant for a provider of another build, and no word that belongs to no
//! key. What is hidden without need costs little, what is shown cannot be taken back.

use std::ops::Range;

use super::Table;
use super::parts::{Urls, behind_secret, merged, replaced, unquoted, words};
use crate::grammar::{MASK, Mistake, Pair};
use crate::keys::distance;
use crate::{Key, Keys};

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
        let named = |keys: Keys| named(keys, name);
        if let Some(key) = self.own.and_then(named) {
            return if key.secret { View::Secret } else { View::Open };
        }
        let mut others = self.all.iter().filter_map(|(_, keys)| named(keys));
        if others.any(|key| key.secret) || looks_secret(name) {
            return View::Secret;
        }
        View::Unknown
    }

    /// Says whether the string's own provider takes a key.
    pub(super) fn takes(&self, name: &str) -> bool {
        name == "provider" || self.own.is_some_and(|keys| named(keys, name).is_some())
    }

    /// What of a text must be masked, in order and apart: every value that the provider's table does
    /// not know as open, and in the rest, which could not be read, all but the names of known keys.
    pub(super) fn masks(&self, text: &str, pairs: &[Pair]) -> Vec<Range<usize>> {
        let is_string = pairs.first().is_some_and(|pair| is_name(&pair.key));
        let is_meant = words(text).any(|word| text.get(word).map(unquoted) == Some("provider"));
        let mut masks = Vec::new();
        if is_string || is_meant {
            self.mask_read(text, pairs, &mut masks);
            let read = pairs.last().map_or(0, |pair| pair.value_at.end);
            self.mask_unread(text, read, &mut masks);
        } else {
            self.mask_plain(text, &mut masks);
        }
        merged(masks)
    }

    fn mask_read(&self, text: &str, pairs: &[Pair], masks: &mut Vec<Range<usize>>) {
        let mut tail = false;
        for pair in pairs {
            let is_part = self.goes_on(tail, pair);
            if !self.may_tell(&pair.key, is_part) {
                masks.push(pair.key_at.clone());
            }
            let at = pair.value_at.clone();
            let parts = self.parts(&pair.key, &pair.value);
            let raw = text.get(at.clone()).unwrap_or_default();
            let is_plain = raw == pair.value;
            if is_part || self.view(&pair.key) != View::Open {
                masks.push(at);
            } else if is_plain || (raw.starts_with('"') && unquoted(raw) == pair.value) {
                let from = at.start + usize::from(!is_plain);
                masks.extend(parts.iter().map(|p| from + p.start..from + p.end));
            } else if !parts.is_empty() {
                // Escapes make the places in the text others than those in the value.
                masks.push(at);
            }
            tail = self.opens(is_part, pair);
        }
    }

    /// Masks what could not be read: all but names of keys with their `=`, and of the provider.
    fn mask_unread(&self, text: &str, from: usize, masks: &mut Vec<Range<usize>>) {
        let unread = text.get(from..).unwrap_or_default();
        let mut before = "";
        for word in words(unread) {
            let name = unquoted(unread.get(word.clone()).unwrap_or_default());
            let rest = unread.get(word.end..).unwrap_or_default();
            let is_key = rest.trim_start().starts_with('=');
            // The first word of a text goes on nothing.
            let is_first = from == 0 && before.is_empty() && is_name(name);
            let is_provider = before == "provider" && self.all.iter().any(|(n, _)| *n == name);
            let is_told = is_key && (is_first || self.view(name) != View::Unknown);
            if !is_told && !is_provider {
                masks.push(from + word.start..from + word.end);
            }
            before = name;
        }
    }

    /// Masks a text that is no config string, such as an address: parts of URLs, and all behind the
    /// first `=` or name of a secret.
    fn mask_plain(&self, text: &str, masks: &mut Vec<Range<usize>>) {
        let urls = Urls::of(text);
        let mut is_hidden = false;
        for word in words(text) {
            let name = text.get(word.clone()).unwrap_or_default();
            let rest = text.get(word.end..).unwrap_or_default();
            let is_key = rest.trim_start().starts_with('=');
            let is_in_url = urls.spans.iter().any(|span| {
                span.contains(&word.start) || (word.start..word.end).contains(&span.start)
            });
            if is_hidden && !(is_key && self.view(unquoted(name)) != View::Unknown) {
                masks.push(word.clone());
            } else if !is_in_url {
                is_hidden |= is_key || self.names_secret(name);
            }
        }
        masks.extend(urls.masks);
    }

    /// The parts of an open value that are hidden, in order and apart.
    fn parts(&self, name: &str, value: &str) -> Vec<Range<usize>> {
        let urls = Urls::of(value);
        let key = self.own.and_then(|keys| named(keys, name));
        // What its key refuses may be anything, such as `name=value` where a name belongs.
        let is_refused = key.is_some_and(|key| key.judge(value).is_err());
        let equals = value.find('=').filter(|at| {
            let is_in_url = urls.spans.iter().any(|span| span.contains(at));
            is_refused && !is_in_url
        });
        let behind = behind_secret(value, &urls, |name| self.view(name) == View::Secret);
        let cut = equals.map(|at| at + 1).into_iter().chain(behind).min();
        let mut masks = urls.masks;
        masks.extend(cut.map(|at| at..value.len()));
        merged(masks)
    }

    /// A value as it may be shown. One of a key that is not known at all is shown by its name's look if
    /// the provider is not known either, and `is_strict` does not forbid it.
    pub(super) fn shown(&self, name: &str, value: &str, is_strict: bool) -> String {
        let is_open = match self.view(name) {
            View::Open => true,
            View::Unknown => !is_strict && !self.is_sensitive(name),
            View::Secret => false,
        };
        if is_open {
            replaced(value, &self.parts(name, value), MASK)
        } else {
            MASK.to_owned()
        }
    }

    /// A phrase about a value without the parts of it that are hidden.
    pub(super) fn phrase(&self, name: &str, value: &str, why: &str) -> String {
        if self.view(name) == View::Secret {
            return why.replace(value, MASK);
        }
        let parts = self.parts(name, value);
        let hidden = parts.into_iter().filter_map(|part| value.get(part));
        hidden.fold(why.to_owned(), |why, part| why.replace(part, MASK))
    }

    /// Says whether the name of a secret is among the words of a broken text.
    fn names_secret(&self, text: &str) -> bool {
        let mut names = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        names.any(|name| self.view(name) == View::Secret)
    }

    /// Says whether a value may be a secret, so that what follows may be part of it.
    fn is_sensitive(&self, name: &str) -> bool {
        match self.view(name) {
            View::Open => false,
            View::Unknown => self.own.is_some() || self.names_secret(name),
            View::Secret => true,
        }
    }

    /// Says whether a pair may be part of the unquoted secret before it.
    fn goes_on(&self, tail: bool, pair: &Pair) -> bool {
        tail && !self.is_near(&pair.key)
    }

    /// Says whether what follows a pair may be part of its secret. Quotes are no proof that it is
    /// not: one inside a secret may lack its backslash.
    fn opens(&self, is_part: bool, pair: &Pair) -> bool {
        let behind = |text: &str| {
            let is_secret = |name: &str| self.view(name) == View::Secret;
            behind_secret(text, &Urls::default(), is_secret).is_some()
        };
        is_part || self.is_sensitive(&pair.key) || behind(&pair.value)
    }

    /// Says whether a key is known, or misspelt so little that one sees which is meant.
    fn is_near(&self, name: &str) -> bool {
        if self.view(name) != View::Unknown {
            return true;
        }
        let mut keys = self.own.into_iter().flatten().copied().flatten();
        let reach = name.chars().count() / 4;
        keys.any(|key| name.len() < 2 * key.name.len() && distance(name, key.name) <= reach)
    }

    /// Says whether the name of a key may be shown: it is a name and, if it may be part of a secret,
    /// one that is known.
    fn may_tell(&self, name: &str, is_part: bool) -> bool {
        is_name(name) && (!is_part || self.is_near(name))
    }

    /// Takes the names out of a mistake that may be parts of a secret.
    pub(super) fn masked(&self, pairs: &[Pair], mistake: Mistake) -> Mistake {
        let (tail, last_is_part) = self.tail(pairs, pairs.len());
        let hide = |name: String, is_part: bool| {
            if name.is_empty() || self.may_tell(&name, is_part) {
                name
            } else {
                MASK.to_owned()
            }
        };
        let key = |name| hide(name, tail);
        // A word behind a value may go on with it, whatever the value is.
        let word = |name| hide(name, true);
        let started = |name| hide(name, !pairs.is_empty());
        let last = |name| hide(name, last_is_part);
        match mistake {
            Mistake::MissingEquals { key: name, after } => Mistake::MissingEquals {
                key: word(name),
                after: last(after),
            },
            Mistake::MissingValue { key: name, after } => Mistake::MissingValue {
                key: started(name),
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

    /// The name of a key that is not known, as an error may tell it.
    pub(super) fn told_key(&self, pairs: &[Pair], name: &str) -> Option<String> {
        let at = pairs.iter().position(|pair| pair.key == name)?;
        let (tail, _) = self.tail(pairs, at);
        self.may_tell(name, tail).then(|| name.to_owned())
    }

    /// Whether what follows the first so many pairs, and the last of them, may be part of a secret.
    fn tail(&self, pairs: &[Pair], count: usize) -> (bool, bool) {
        let first = pairs.iter().take(count);
        first.fold((false, false), |(tail, _), pair| {
            let is_part = self.goes_on(tail, pair);
            (self.opens(is_part, pair), is_part)
        })
    }
}

fn named(keys: Keys, name: &str) -> Option<&'static Key> {
    keys.iter().copied().flatten().find(|key| key.name == name)
}

/// Says whether a text has the form of a name, and has not swallowed a value.
pub(super) fn is_name(text: &str) -> bool {
    let is_part = |c: char| !c.is_whitespace() && !c.is_control() && !"=\"'\\:/?@,;&".contains(c);
    !text.is_empty() && text.chars().all(is_part)
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
