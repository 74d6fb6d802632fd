//! Texts in double quotes: Go's interpreted string literals.
//!
//! Rules: The Go Programming Language Specification, "String literals" and "Rune literals".

use std::fmt;

use super::Broken;

/// A text that was read, and what stands behind its closing quote.
pub(super) struct Quoted<'a> {
    pub(super) text: String,
    pub(super) rest: &'a str,
}

/// Reads from behind the opening quote.
pub(super) fn read(inside: &str) -> Result<Quoted<'_>, Broken> {
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if chars.next().is_none() => return Err(Broken::Unterminated),
            '"' => {
                let (content, rest) = inside.split_at_checked(at).ok_or(Broken::Syntax)?;
                let text = decode(content).ok_or(Broken::Syntax)?;
                let rest = rest.strip_prefix('"').unwrap_or(rest);
                return Ok(Quoted { text, rest });
            }
            _ => {}
        }
    }
    Err(Broken::Unbalanced)
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

/// Decodes the content between the quotes; none if it is not a valid literal.
fn decode(content: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(content.len());
    let mut rest = content.chars();
    while let Some(c) = rest.next() {
        match c {
            '\n' => return None,
            '\\' => escape(&mut rest, &mut bytes)?,
            c => push(c, &mut bytes),
        }
    }
    String::from_utf8(bytes).ok()
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
