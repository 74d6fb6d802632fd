//! The grammar of a config string: `key=value key="quoted value" ...`.
//!
//! Pure. It knows no provider and no key; it turns text into pairs and pairs into text. The rules
//! are go-discover's (`config.go` at commit 010b5c1; provider reference, section 1), error for
//! error, because users carry their strings over. Two deviations, both in what was broken there:
//! an escape that builds bytes outside of UTF-8 is a syntax error, and what is written reads back.

mod quoted;
#[cfg(test)]
mod tests;

use std::fmt;

use quoted::Quoted;

/// Why a text in quotes is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Broken {
    /// The closing quote is missing.
    Unbalanced,
    /// The input ends behind a backslash.
    Unterminated,
    /// An escape is none of Go's, a raw line break is inside, or the bytes are not UTF-8.
    Syntax,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unbalanced => "the closing quote is missing",
            Self::Unterminated => "the text ends behind a backslash",
            Self::Syntax => "an escape, line break or byte is not allowed in quotes",
        })
    }
}

/// Why a text is no config string. Parsing stops at the first error.
///
/// `after` names the pair before the broken place; it is empty at the start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrammarError {
    /// A key is followed by anything but `=`.
    #[error("`{key}` has no `=`; a value with spaces needs double quotes")]
    MissingEquals {
        /// The key.
        key: String,
        /// The key of the pair before.
        after: String,
    },
    /// Behind `key=` comes another `=` or the end.
    #[error("`{key}=` has no value; an empty one is written as \"\"")]
    MissingValue {
        /// The key.
        key: String,
        /// The key of the pair before.
        after: String,
    },
    /// A key occurs twice.
    #[error("`{key}` is given twice")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A value in quotes is broken.
    #[error("the value of `{key}`: {why}")]
    BadValue {
        /// The key.
        key: String,
        /// What is wrong.
        why: Broken,
    },
    /// An `=` stands where a key should: mostly an unquoted value that contains one.
    #[error("unexpected `=` behind `{after}`; a value with `=` needs double quotes")]
    BareEquals {
        /// The key of the pair before.
        after: String,
    },
    /// A key in quotes is broken.
    #[error("the key behind `{after}`: {why}")]
    BadKey {
        /// The key of the pair before.
        after: String,
        /// What is wrong.
        why: Broken,
    },
}

/// Keys, each once, with their values, in the order written.
pub(crate) type Pairs = Vec<(String, String)>;

/// Reads the pairs of a config string in the order written. An empty text has none.
///
/// # Errors
///
/// [`GrammarError`] at the first place that breaks the grammar.
pub(crate) fn parse(text: &str) -> Result<Pairs, GrammarError> {
    let mut lexer = Lexer { rest: text.trim() };
    let mut pairs = Pairs::new();
    while let Some(token) = lexer.next() {
        let after = pairs.last().map_or("", |(key, _)| key).to_owned();
        let key = match token {
            Ok(Token::Text(key)) => key,
            Ok(Token::Equals) => return Err(GrammarError::BareEquals { after }),
            Err(why) => return Err(GrammarError::BadKey { after, why }),
        };
        if pairs.iter().any(|(known, _)| *known == key) {
            return Err(GrammarError::DuplicateKey { key });
        }
        let Some(Ok(Token::Equals)) = lexer.next() else {
            return Err(GrammarError::MissingEquals { key, after });
        };
        match lexer.next() {
            Some(Ok(Token::Text(value))) => pairs.push((key, value)),
            Some(Err(why)) => return Err(GrammarError::BadValue { key, why }),
            Some(Ok(Token::Equals)) | None => {
                return Err(GrammarError::MissingValue { key, after });
            }
        }
    }
    Ok(pairs)
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

enum Token {
    Text(String),
    Equals,
}

struct Lexer<'a> {
    rest: &'a str,
}

impl Lexer<'_> {
    /// Only the ASCII space separates; a tab or line break is text (provider reference, 1.1).
    fn next(&mut self) -> Option<Result<Token, Broken>> {
        let rest = self.rest.trim_start_matches(' ');
        if rest.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix('=') {
            self.rest = after;
            return Some(Ok(Token::Equals));
        }
        if let Some(inside) = rest.strip_prefix('"') {
            return Some(quoted::read(inside).map(|Quoted { text, rest }| {
                self.rest = rest;
                Token::Text(text)
            }));
        }
        let end = rest.find([' ', '=']).unwrap_or(rest.len());
        let (bare, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        self.rest = after;
        Some(Ok(Token::Text(bare.trim().to_owned())))
    }
}
