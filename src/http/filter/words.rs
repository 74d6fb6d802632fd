//! The words of an expression.

use super::FilterError;

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Open,
    Close,
    OpenIndex,
    CloseIndex,
    Equal,
    NotEqual,
    /// A text in quotes.
    Quoted(String),
    /// A selector, a keyword, a number or an unquoted text.
    Bare(String),
}

impl Word {
    /// As it is named in an error.
    pub(super) fn shown(word: Option<&Self>) -> String {
        match word {
            None => "the end".to_owned(),
            Some(Self::Open) => "`(`".to_owned(),
            Some(Self::Close) => "`)`".to_owned(),
            Some(Self::OpenIndex) => "`[`".to_owned(),
            Some(Self::CloseIndex) => "`]`".to_owned(),
            Some(Self::Equal) => "`==`".to_owned(),
            Some(Self::NotEqual) => "`!=`".to_owned(),
            Some(Self::Quoted(text)) => format!("{text:?}"),
            Some(Self::Bare(text)) => format!("`{text}`"),
        }
    }
}

/// Takes a text apart.
pub(super) fn words(text: &str) -> Result<Vec<Word>, FilterError> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '"' => quoted(rest)?,
            '`' => raw(rest)?,
            _ => symbol(rest).map_or_else(|| bare(rest), Ok)?,
        };
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

fn symbol(rest: &str) -> Option<(Word, &str)> {
    let symbols = [
        ("(", Word::Open),
        (")", Word::Close),
        ("[", Word::OpenIndex),
        ("]", Word::CloseIndex),
        ("==", Word::Equal),
        ("!=", Word::NotEqual),
    ];
    symbols
        .into_iter()
        .find_map(|(text, word)| Some((word, rest.strip_prefix(text)?)))
}

/// A text in double quotes; a backslash takes the next character for itself.
fn quoted(rest: &str) -> Result<(Word, &str), FilterError> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let after = rest.get(at + 1..).unwrap_or_default();
                return Ok((Word::Quoted(text), after));
            }
            '\\' => {
                let (_, escaped) = chars.next().ok_or(FilterError::Open)?;
                // A pattern keeps its escapes; a quote and a backslash stand for themselves.
                if !matches!(escaped, '"' | '\\') {
                    text.push('\\');
                }
                text.push(escaped);
            }
            other => text.push(other),
        }
    }
    Err(FilterError::Open)
}

fn raw(rest: &str) -> Result<(Word, &str), FilterError> {
    let inner = rest.get(1..).unwrap_or_default();
    let (text, after) = inner.split_once('`').ok_or(FilterError::Open)?;
    Ok((Word::Quoted(text.to_owned()), after))
}

fn bare(rest: &str) -> Result<(Word, &str), FilterError> {
    let is_end = |c: char| c.is_whitespace() || "()[]=!\"`".contains(c);
    let (text, after) = match rest.find(is_end) {
        Some(at) => rest.split_at_checked(at).unwrap_or((rest, "")),
        None => (rest, ""),
    };
    if text.is_empty() {
        let found = rest.chars().next().map(String::from).unwrap_or_default();
        return Err(FilterError::Unexpected {
            expected: "a selector, an operator or a value",
            found: format!("`{found}`"),
        });
    }
    Ok((Word::Bare(text.to_owned()), after))
}
