//! Texts in double quotes: Go's interpreted string literals.
//!
//! Rules: The Go Programming Language Specification, "String literals" and "Rune literals".

use std::fmt;

use super::Broken;

/// Why a text is none, and the byte of the content at which it breaks; none stands for the opening
/// quote.
type Fault = (Broken, Option<usize>);

/// Reads from behind the opening quote: the text, and the length of what it was decoded from.
pub(super) fn read(inside: &str) -> Result<(String, usize), Fault> {
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if chars.next().is_none() => return Err((Broken::Unterminated, Some(at))),
            '"' => {
                let content = inside.get(..at).unwrap_or(inside);
                let text = decode(content).map_err(|at| (Broken::Syntax, Some(at)))?;
                return Ok((text, at));
            }
            _ => {}
        }
    }
    Err((Broken::Unbalanced, None))
}

/// Writes a text bare if it reads back as itself, else in quotes.
pub(super) fn write(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    let needs_quotes = |c: char| c.is_whitespace() || c.is_control() || "\"\\=".contains(c);
    if !text.is_empty() && !text.chars().any(needs_quotes) {
        return f.write_str(text);
    }
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// Decodes the content between the quotes.
///
/// # Errors
/// The byte of the content at which it is not a valid literal.
fn decode(content: &str) -> Result<String, usize> {
    let mut bytes = Vec::with_capacity(content.len());
    // For each decoded byte, where it comes from: escapes can build bytes that are not UTF-8.
    let mut origins = Vec::with_capacity(content.len());
    let mut rest = content.chars();
    while let Some((at, c)) = step(&mut rest, content.len()) {
        match c {
            '\n' => return Err(at),
            '\\' => escape(&mut rest, &mut bytes).ok_or(at)?,
            c => push(c, &mut bytes),
        }
        origins.resize(bytes.len(), at);
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        origins.get(good).copied().unwrap_or(0)
    })
}

/// The next character, and where it stands in a content of this length.
fn step(rest: &mut std::str::Chars<'_>, len: usize) -> Option<(usize, char)> {
    let at = len - rest.as_str().len();
    rest.next().map(|c| (at, c))
}

/// Decodes one escape from behind its backslash.
fn escape(rest: &mut std::str::Chars<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    let byte = match rest.next()? {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        '"' => b'"',
        'x' => u8::try_from(number(rest, 2, 16, 0)?).ok()?,
        'u' => return character(number(rest, 4, 16, 0)?, bytes),
        'U' => return character(number(rest, 8, 16, 0)?, bytes),
        first => u8::try_from(number(rest, 2, 8, first.to_digit(8)?)?).ok()?,
    };
    bytes.push(byte);
    Some(())
}

/// Reads exactly `count` digits behind those that `start` stands for. Eight hex digits fit.
fn number(rest: &mut std::str::Chars<'_>, count: u8, radix: u32, start: u32) -> Option<u32> {
    (0..count).try_fold(start, |value, _| {
        let digit = rest.next()?.to_digit(radix)?;
        value.checked_mul(radix)?.checked_add(digit)
    })
}

fn character(code: u32, bytes: &mut Vec<u8>) -> Option<()> {
    push(char::from_u32(code)?, bytes);
    Some(())
}

fn push(c: char, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
