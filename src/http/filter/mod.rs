//! Filter expressions, as in `?filter=Status == 4 and Name matches "^web"` (agent reference, 6.1).
//!
//! The language is that of go-bexpr: selectors of an answer's JSON, matched with `==`, `!=`, `in`,
//! `contains`, `is empty` and `matches`, negated by `not` before or within the operator, joined by
//! `and` and `or`, grouped by parentheses. A bare word is a text too. What is compared to a number
//! must be one. An expression and its nesting are bounded before it is read, and so is what its
//! regular expressions are compiled to: each character of a text may cost a step per state of them.

mod matching;
mod parse;
#[cfg(test)]
mod tests;
mod words;

use regex_lite::Regex;
use serde_json::Value;

/// The longest expression, in bytes. Chosen: a name for each of a hundred nodes fits.
const BYTES_MAX: usize = 8 * 1024;

/// How deep parentheses and negations may be nested.
const DEPTH_MAX: usize = 32;

/// How many regular expressions it has at most. Chosen: more than anybody wrote.
const PATTERNS_MAX: usize = 16;

/// What they may take together when they are compiled, in bytes; each has an equal share. Chosen:
/// the names of a hundred nodes in one fit, and a member costs a millisecond at most.
const PATTERNS_BYTES: usize = 32 * 1024;

/// How many groups one of them has at most, itself being one. A match takes memory for the groups times
/// the states.
const GROUPS_MAX: usize = 32;

/// Why an expression is none, or does not fit what it is asked of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FilterError {
    /// It is too long to be read.
    #[error("an expression has at most {BYTES_MAX} bytes, this one has {0}")]
    Long(usize),
    /// It is nested too deeply.
    #[error("parentheses and `not` are nested more than {DEPTH_MAX} deep")]
    Deep,
    /// It has too many regular expressions.
    #[error("`matches` stands {0} times, at most {PATTERNS_MAX} are taken")]
    Patterns(usize),
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A quoted text without its end.
    #[error("a quoted text has no end")]
    Open,
    /// The regular expression is none.
    #[error("regular expression {pattern:?}: {why}")]
    Pattern {
        /// As given.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no such field.
    #[error("Selector {0:?} is not valid")]
    Selector(String),
    /// The operator has no meaning for the field.
    #[error("{operator} has no meaning for {selector:?}, which is {kind}")]
    Kind {
        /// The field.
        selector: String,
        /// The operator.
        operator: &'static str,
        /// What the field is.
        kind: &'static str,
    },
    /// A number was needed.
    #[error("{selector:?} is a number, and {value:?} is none")]
    Number {
        /// The field.
        selector: String,
        /// What it is compared to.
        value: String,
    },
}

/// An expression that was read.
#[derive(Debug)]
pub(super) struct Filter(Expression);

#[derive(Debug)]
enum Expression {
    /// All of them hold.
    All(Vec<Self>),
    /// One of them holds.
    Any(Vec<Self>),
    Not(Box<Self>),
    Match(Match),
}

/// A field and what must be true of it.
#[derive(Debug)]
struct Match {
    selector: Vec<String>,
    test: Test,
    is_negated: bool,
}

#[derive(Debug)]
enum Test {
    Equals(String),
    Contains(String),
    IsEmpty,
    Matches(Regex),
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// It is too long, too deep, or not of the language.
    pub(super) fn new(text: &str) -> Result<Self, FilterError> {
        if text.len() > BYTES_MAX {
            return Err(FilterError::Long(text.len()));
        }
        parse::parse(words::words(text)?).map(Self)
    }

    /// Says whether an object meets it.
    ///
    /// # Errors
    /// The object has no such field, or one that the operator has no meaning for.
    pub(super) fn takes(&self, object: &Value) -> Result<bool, FilterError> {
        self.0.takes(object)
    }
}
