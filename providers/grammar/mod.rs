//! The grammar of a config string: `key=value key="quoted value" ...`.
//!
//! Pure. It knows no provider and no key; it turns text into pairs and pairs into text. The rules
//! are go-discover's (`config.go` at commit 010b5c1; provider reference, section 1), error for
//! error, because users carry their strings over. Three deviations, in what was broken or unbounded
//! there: an escape that builds bytes outside of UTF-8 is a syntax error, what is written reads
//! back, and length and number of keys are bounded.

#[cfg(test)]
mod cases;
mod error;
mod picture;
mod quoted;
#[cfg(test)]
mod tests;

pub(crate) use error::Shown;
pub use error::{Broken, GrammarError, Mistake};
pub(crate) use picture::{MASK, visible};
pub use picture::{Picture, is_plain};

use std::fmt;
use std::ops::Range;

/// The longest text that is read, in bytes. Chosen: the longest strings in use have some hundred,
/// and a value that is larger belongs into a file.
pub const TEXT_BYTES_MAX: usize = 16 << 10;

/// The most keys that are read. Chosen: no provider knows half as many.
pub const KEYS_MAX: usize = 64;

/// Keys, each once, with their values, in the order written.
pub type Pairs = Vec<(String, String)>;

/// A pair, and where it stands in the text, quotes included.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) key_at: Range<usize>,
    pub(crate) value: String,
    pub(crate) value_at: Range<usize>,
}

/// What was read of a text: the pairs before the first mistake, and that.
pub(crate) struct Reading {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) error: Option<GrammarError>,
}

/// Reads the pairs of a config string in the order written. An empty text has none.
///
/// # Errors
///
/// [`GrammarError`] at the first place that breaks the grammar.
#[cfg(test)]
pub(crate) fn parse(text: &str) -> Result<Pairs, GrammarError> {
    let Reading { pairs, error } = read(text);
    match error {
        Some(error) => Err(error),
        None => Ok(pairs
            .into_iter()
            .map(|pair| (pair.key, pair.value))
            .collect()),
    }
}

/// As [`parse`], with the places, and with what stands before a mistake.
pub(crate) fn read(text: &str) -> Reading {
    let mut pairs = Vec::new();
    let outcome = if text.len() > TEXT_BYTES_MAX {
        let bytes = text.len();
        let at = text.floor_char_boundary(TEXT_BYTES_MAX);
        Err((at, Mistake::TooLong { bytes }))
    } else {
        read_pairs(text, &mut pairs)
    };
    let error = outcome.err();
    Reading {
        pairs,
        error: error.map(|(at, mistake)| GrammarError::new(text, at, mistake)),
    }
}

fn read_pairs(text: &str, pairs: &mut Vec<Pair>) -> Result<(), (usize, Mistake)> {
    let mut lexer = Lexer::new(text);
    while let Some(token) = lexer.next() {
        let after = pairs.last().map_or("", |pair| &pair.key).to_owned();
        let key_at = token.at;
        let key = match token.what {
            What::Text(key) => key,
            What::Equals => return Err((key_at.start, Mistake::BareEquals { after })),
            What::Broken(why, at) => return Err((at, Mistake::BadKey { after, why })),
        };
        if pairs.iter().any(|known| known.key == key) {
            return Err((key_at.start, Mistake::DuplicateKey { key }));
        }
        if pairs.len() == KEYS_MAX {
            return Err((key_at.start, Mistake::TooManyKeys));
        }
        let Some((What::Equals, equals_at)) = lexer.next().map(|token| (token.what, token.at))
        else {
            return Err((key_at.start, Mistake::MissingEquals { key, after }));
        };
        let Some(Token { what, at: value_at }) = lexer.next() else {
            return Err((equals_at.end, Mistake::MissingValue { key, after }));
        };
        let value = match what {
            What::Text(value) => value,
            What::Equals => return Err((value_at.start, Mistake::MissingValue { key, after })),
            What::Broken(why, at) => return Err((at, Mistake::BadValue { key, why })),
        };
        pairs.push(Pair {
            key,
            key_at,
            value,
            value_at,
        });
    }
    Ok(())
}

/// Writes pairs so that [`parse`] reads the same ones back, for keys that are unique.
pub(crate) fn write<'a>(
    f: &mut impl fmt::Write,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> fmt::Result {
    for (index, (key, value)) in pairs.into_iter().enumerate() {
        if index > 0 {
            f.write_char(' ')?;
        }
        quoted::write(f, key)?;
        f.write_char('=')?;
        quoted::write(f, value)?;
    }
    Ok(())
}

struct Token {
    what: What,
    at: Range<usize>,
}

enum What {
    Text(String),
    Equals,
    /// A text in quotes that is none, with the byte at which it breaks.
    Broken(Broken, usize),
}

/// Cuts a text, without the white space around it, into tokens.
struct Lexer<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        let end = text.trim_end().len();
        let at = end - text.trim().len();
        Self { text, at, end }
    }

    /// Only the ASCII space separates; a tab or line break is text (provider reference, 1.1).
    fn next(&mut self) -> Option<Token> {
        let rest = self.text.get(self.at..self.end)?;
        let token = rest.trim_start_matches(' ');
        let start = self.at + (rest.len() - token.len());
        let (what, len) = if token.is_empty() {
            return None;
        } else if token.starts_with('=') {
            (What::Equals, 1)
        } else if let Some(inside) = token.strip_prefix('"') {
            match quoted::read(inside) {
                Ok((text, len)) => (What::Text(text), len + 2),
                Err((why, offset)) => {
                    let at = offset.map_or(start, |offset| start + 1 + offset);
                    (What::Broken(why, at), token.len())
                }
            }
        } else {
            let end = token.find([' ', '=']).unwrap_or(token.len());
            let bare = token.get(..end).unwrap_or(token);
            (What::Text(bare.trim().to_owned()), end)
        };
        self.at = start + len;
        Some(Token {
            what,
            at: start..self.at,
        })
    }
}
