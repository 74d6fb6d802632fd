//! Texts of HCL 1 and JSON: quoted, with escapes, and HCL's heredocs.

use super::cursor::{Cursor, fail_at};
use super::{Spot, SyntaxError};

const NOT_CLOSED: &str = "the text that begins here has no closing quote on its line";

/// Reads a quoted text of HCL 1; the cursor stands at the opening quote.
///
/// Escapes are Go's. `${...}` is kept as it is, quotes and line ends inside it included, as HCL 1
/// leaves interpolation to the program (hashicorp/hcl, `scanner.scanString`).
pub(super) fn parse_hcl(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let opened = cursor.spot();
    cursor.next();
    let mut text = String::new();
    loop {
        let spot = cursor.spot();
        match cursor.next() {
            None | Some('\n') => return fail_at(opened, NOT_CLOSED),
            Some('"') => return Ok(text),
            Some('\\') => text.push(hcl_escape(cursor, spot)?),
            Some('$') if cursor.peek() == Some('{') => {
                text.push('$');
                copy_interpolation(cursor, opened, &mut text)?;
            }
            Some(c) => text.push(c),
        }
    }
}

/// Copies `{...}` with all braces inside.
fn copy_interpolation(
    cursor: &mut Cursor<'_>,
    opened: Spot,
    text: &mut String,
) -> Result<(), SyntaxError> {
    let mut depth = 0_usize;
    loop {
        let Some(c) = cursor.next() else {
            return fail_at(opened, "the text that begins here has `${` and no `}`");
        };
        text.push(c);
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Ok(());
        }
    }
}

fn hcl_escape(cursor: &mut Cursor<'_>, spot: Spot) -> Result<char, SyntaxError> {
    let found = match cursor.peek() {
        Some('a') => '\u{7}',
        Some('v') => '\u{b}',
        Some('x') => return hex_escape(cursor, spot, 2),
        Some('U') => return hex_escape(cursor, spot, 8),
        Some('0'..='7') => return octal_escape(cursor, spot),
        Some('/') | None => return fail_at(spot, "unknown escape in a text"),
        Some(_) => return shared_escape(cursor, spot),
    };
    cursor.next();
    Ok(found)
}

/// The escapes that HCL 1 and JSON share.
fn shared_escape(cursor: &mut Cursor<'_>, spot: Spot) -> Result<char, SyntaxError> {
    let found = match cursor.peek() {
        Some('"') => '"',
        Some('\\') => '\\',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return hex_escape(cursor, spot, 4),
        _ => {
            return fail_at(
                spot,
                "unknown escape in a text; a backslash is written twice",
            );
        }
    };
    cursor.next();
    Ok(found)
}

fn hex_escape(cursor: &mut Cursor<'_>, spot: Spot, len: usize) -> Result<char, SyntaxError> {
    cursor.next();
    let code = take_code(cursor, len, 16);
    match code.and_then(char::from_u32) {
        Some(found) => Ok(found),
        None => fail_at(spot, "the escape is no Unicode character"),
    }
}

fn octal_escape(cursor: &mut Cursor<'_>, spot: Spot) -> Result<char, SyntaxError> {
    match take_code(cursor, 3, 8).and_then(char::from_u32) {
        Some(found) => Ok(found),
        None => fail_at(spot, "an octal escape has three digits"),
    }
}

fn take_code(cursor: &mut Cursor<'_>, len: usize, radix: u32) -> Option<u32> {
    (0..len).try_fold(0_u32, |code, _| {
        let digit = cursor.peek()?.to_digit(radix)?;
        cursor.next();
        code.checked_mul(radix)?.checked_add(digit)
    })
}

/// Reads a text of JSON (RFC 8259, section 7); the cursor stands at the opening quote.
pub(super) fn parse_json(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let opened = cursor.spot();
    cursor.next();
    let mut text = String::new();
    loop {
        let spot = cursor.spot();
        match cursor.next() {
            None | Some('\n') => return fail_at(opened, NOT_CLOSED),
            Some('"') => return Ok(text),
            Some('\\') => text.push(json_escape(cursor, spot)?),
            Some(c) if c < ' ' => {
                return fail_at(spot, "a control character in a text has to be escaped");
            }
            Some(c) => text.push(c),
        }
    }
}

/// One escape of JSON; characters beyond the basic plane take two.
fn json_escape(cursor: &mut Cursor<'_>, spot: Spot) -> Result<char, SyntaxError> {
    const NO_PAIR: &str = "the escape is half of a surrogate pair";
    if cursor.eat("/") {
        return Ok('/');
    }
    if !cursor.eat("u") {
        return shared_escape(cursor, spot);
    }
    let Some(high) = take_code(cursor, 4, 16) else {
        return fail_at(spot, "the escape `\\u` takes four hexadecimal digits");
    };
    if let Some(found) = char::from_u32(high) {
        return Ok(found);
    }
    let low = cursor.eat("\\u").then(|| take_code(cursor, 4, 16));
    match (high, low.flatten()) {
        (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
            let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            char::from_u32(code).map_or_else(|| fail_at(spot, NO_PAIR), Ok)
        }
        _ => fail_at(spot, NO_PAIR),
    }
}

/// Reads a heredoc of HCL 1, `<<MARK` or `<<-MARK`; the cursor stands at the first `<`.
///
/// The text ends before the line of the mark and keeps its last line end. With `<<-` the blanks
/// before the closing mark are taken off every line, if every line has them
/// (hashicorp/hcl, `token.unindentHeredoc`).
pub(super) fn parse_heredoc(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let opened = cursor.spot();
    if !cursor.eat("<<") {
        return cursor.unexpected("`<<`");
    }
    let is_indented = cursor.eat("-");
    let mark = cursor.take_line().trim_end_matches('\r');
    let is_good = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if mark.is_empty() || !mark.chars().all(is_good) {
        return fail_at(
            opened,
            "`<<` takes a mark of letters and digits, then a new line",
        );
    }
    let mut lines = Vec::new();
    let indent = loop {
        if cursor.next().is_none() {
            return fail_at(
                opened,
                format!("no line ends the text: `{mark}` is missing"),
            );
        }
        let line = cursor.take_while(|c| c != '\n');
        let bare = line.trim_end_matches('\r');
        match bare.strip_suffix(mark) {
            Some(indent) if indent.chars().all(|c| c == ' ' || c == '\t') => break indent,
            _ => lines.push(bare),
        }
    };
    let has_indent = lines.iter().all(|line| line.starts_with(indent));
    let cut = if is_indented && has_indent {
        indent
    } else {
        ""
    };
    let mut text = String::new();
    for line in lines {
        text.push_str(line.strip_prefix(cut).unwrap_or(line));
        text.push('\n');
    }
    Ok(text)
}
