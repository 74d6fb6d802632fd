//! Why a text is no config string, and where.
//!
//! Pure. The kinds are the provider reference's (1.3); go-discover's own errors have no position.
//! Names from the text are cut and cleaned before they are shown, since a log line holds them.

use std::fmt;

use super::picture::{MASK, is_plain};
use super::{KEYS_MAX, TEXT_BYTES_MAX};

/// The longest name that an error repeats, in characters; the longest key there is has 30.
const NAME_CHARS_MAX: usize = 60;

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

/// What breaks the grammar.
///
/// `after` names the pair before the broken place; it is empty at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mistake {
    /// A key is followed by anything but `=`.
    MissingEquals {
        /// The key.
        key: String,
        /// The key of the pair before.
        after: String,
    },
    /// Behind `key=` comes another `=` or the end.
    MissingValue {
        /// The key.
        key: String,
        /// The key of the pair before.
        after: String,
    },
    /// A key occurs twice.
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A value in quotes is broken.
    BadValue {
        /// The key.
        key: String,
        /// What is wrong.
        why: Broken,
    },
    /// An `=` stands where a key should: mostly an unquoted value that contains one.
    BareEquals {
        /// The key of the pair before.
        after: String,
    },
    /// A key in quotes is broken.
    BadKey {
        /// The key of the pair before.
        after: String,
        /// What is wrong.
        why: Broken,
    },
    /// The text has more than [`TEXT_BYTES_MAX`] bytes.
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// There are more than [`KEYS_MAX`] keys.
    TooManyKeys,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingEquals { key, .. } if key == MASK => {
                f.write_str("a word without `=`; a value with spaces needs double quotes")
            }
            Self::MissingEquals { key, .. } => {
                let key = Shown::name(key);
                write!(
                    f,
                    "`{key}` has no `=`; a value with spaces needs double quotes"
                )
            }
            Self::MissingValue { key, .. } if key == MASK => {
                f.write_str("a word and `=` without a value; an empty one is written as \"\"")
            }
            Self::MissingValue { key, .. } => {
                let key = Shown::name(key);
                write!(f, "`{key}=` has no value; an empty one is written as \"\"")
            }
            Self::DuplicateKey { key } => write!(f, "`{}` is given twice", Shown::name(key)),
            Self::BadValue { key, why } => write!(f, "the value of `{}`: {why}", Shown::name(key)),
            Self::BareEquals { after } => {
                let after = Shown::name(after);
                write!(
                    f,
                    "unexpected `=` behind `{after}`; a value with `=` needs double quotes"
                )
            }
            Self::BadKey { after, why } => {
                write!(f, "the key behind `{}`: {why}", Shown::name(after))
            }
            Self::TooLong { bytes } => {
                write!(
                    f,
                    "the string has {bytes} bytes; at most {TEXT_BYTES_MAX} are taken"
                )
            }
            Self::TooManyKeys => write!(f, "more than {KEYS_MAX} keys"),
        }
    }
}

/// A text from outside as an error shows it: cut, and without characters that could break a line or
/// turn it around.
pub(crate) struct Shown<'a> {
    text: &'a str,
    chars_max: usize,
}

impl<'a> Shown<'a> {
    /// At most so many characters of a text.
    pub(crate) const fn new(text: &'a str, chars_max: usize) -> Self {
        Self { text, chars_max }
    }

    /// The name of a provider or key.
    pub(crate) const fn name(text: &'a str) -> Self {
        Self::new(text, NAME_CHARS_MAX)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain = self.text.chars().filter(|c| is_plain(*c));
        let mut kept = plain.by_ref().take(self.chars_max);
        kept.try_for_each(|c| fmt::Write::write_char(f, c))?;
        match plain.next() {
            Some(_) => f.write_str("..."),
            None => Ok(()),
        }
    }
}

/// The first place where a text breaks the grammar. Its words name keys, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {character}: {mistake}")]
pub struct GrammarError {
    at: usize,
    character: usize,
    mistake: Mistake,
}

impl GrammarError {
    /// An error at a byte of a text.
    pub(super) fn new(text: &str, at: usize, mistake: Mistake) -> Self {
        let before = text.char_indices().take_while(|(byte, _)| *byte < at);
        Self {
            at,
            character: before.count() + 1,
            mistake,
        }
    }

    /// The byte of the text at which it breaks; its length if something is missing at the end.
    ///
    /// It is the first byte of a character: of the key that lacks its `=`, comes twice or is one
    /// too many; of the `=` that should not be there; of what stands, or would stand, in place of
    /// a value; of the opening quote that is not closed; of the escape or line break that is not
    /// allowed.
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The same place counted in characters, from 1.
    pub const fn character(&self) -> usize {
        self.character
    }

    /// What is wrong there.
    pub const fn mistake(&self) -> &Mistake {
        &self.mistake
    }

    /// The same error with other words, at the same place.
    pub(crate) fn map(self, change: impl FnOnce(Mistake) -> Mistake) -> Self {
        Self {
            mistake: change(self.mistake),
            ..self
        }
    }
}
