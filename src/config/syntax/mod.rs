//! Turns the text of a configuration file into one tree, whatever language it is written in.
//!
//! Every key and value keeps the line and column it stands at, so that a mistake found much later
//! can still be shown. Knows nothing of settings: what a key means is decided in
//! [`layer`](super::layer).

mod cursor;
mod hcl;
mod json;
mod number;
mod quoted;
#[cfg(test)]
mod tests;
mod toml;

/// The deepest nesting of blocks and lists. Chosen: settings nest two deep, and a parser that
/// calls itself must stop long before the stack ends.
const DEPTH_MAX: usize = 32;

/// A place in a text; both counts begin at 1, and columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Spot {
    /// The first character.
    pub(super) const START: Self = Self { line: 1, column: 1 };
}

/// A text that breaks the rules of its language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// Where.
    pub spot: Spot,
    /// What is wrong. Repeats one character of the text at most: the rest may be a secret.
    pub why: String,
}

/// A key with its value.
#[derive(Clone, PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Entry {
    /// The key as written, without quotes.
    pub key: String,
    /// Where the key stands.
    pub spot: Spot,
    /// Its value.
    pub value: Tree,
}

/// A value. Not `Debug` outside tests: any text may be a secret.
#[derive(Clone, PartialEq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Tree {
    /// JSON's `null`.
    Null,
    /// True or false.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A text, escapes resolved.
    Text(String),
    /// Values in order, each with its spot.
    List(Vec<(Spot, Tree)>),
    /// Keys in order; a key may come more than once.
    Block(Vec<Entry>),
}

/// The languages of configuration files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// HCL 1, as Consul reads it; a text that begins with a brace is JSON.
    Hcl,
    /// JSON (RFC 8259).
    Json,
    /// TOML 1.0.
    Toml,
}

impl Format {
    /// The format that a word of `-config-format` or the extension of a file name means.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "hcl" => Some(Self::Hcl),
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    /// Parses a text. A byte order mark at its start is skipped; an empty text has no entries.
    ///
    /// # Errors
    /// The first place where the text breaks the rules of the language, or nests too deep.
    pub(super) fn parse(self, text: &str) -> Result<Vec<Entry>, SyntaxError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let body = text.trim_ascii_start();
        match self {
            _ if body.is_empty() => Ok(Vec::new()),
            Self::Hcl if body.starts_with('{') => json::parse(text),
            Self::Hcl => hcl::parse(text),
            Self::Json => json::parse(text),
            Self::Toml => toml::parse(text),
        }
    }
}

/// Reads a whole number as HCL 1 writes it, as weak decoding does with texts.
pub(super) fn parse_integer(text: &str) -> Option<i64> {
    match number::parse_hcl(text)? {
        Tree::Integer(number) => Some(number),
        _ => None,
    }
}

/// Refuses what nests deeper than [`DEPTH_MAX`].
fn check_depth(depth: usize, spot: Spot) -> Result<(), SyntaxError> {
    if depth <= DEPTH_MAX {
        return Ok(());
    }
    Err(SyntaxError {
        spot,
        why: format!("blocks and lists nest deeper than {DEPTH_MAX}"),
    })
}
