//! JSON (RFC 8259), read strictly: no comments, no trailing comma, one object and nothing after.
//!
//! Own parser because a value has to keep its line, which `serde_json` does not tell; the tests
//! hold the two against each other.

use super::cursor::{Cursor, fail_at};
use super::{Entry, Spot, SyntaxError, Tree, check_depth, number, quoted};

/// Parses a whole text.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, SyntaxError> {
    let mut cursor = Cursor::new(text);
    skip_blank(&mut cursor);
    let opened = cursor.spot();
    if !cursor.eat("{") {
        return cursor.unexpected("`{`");
    }
    let entries = object(&mut cursor, 1, opened)?;
    skip_blank(&mut cursor);
    match cursor.peek() {
        None => Ok(entries),
        Some(_) => cursor.fail("the file goes on after its closing brace"),
    }
}

fn skip_blank(cursor: &mut Cursor<'_>) {
    cursor.take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
}

/// Reads entries up to the closing brace; the opening one is taken.
fn object(cursor: &mut Cursor<'_>, depth: usize, opened: Spot) -> Result<Vec<Entry>, SyntaxError> {
    check_depth(depth, opened)?;
    let mut entries = Vec::new();
    skip_blank(cursor);
    if cursor.eat("}") {
        return Ok(entries);
    }
    loop {
        skip_blank(cursor);
        let spot = cursor.spot();
        if cursor.peek() != Some('"') {
            return cursor.unexpected("a key in quotes");
        }
        let key = quoted::parse_json(cursor)?;
        skip_blank(cursor);
        if !cursor.eat(":") {
            return cursor.unexpected("`:`");
        }
        skip_blank(cursor);
        let value = value(cursor, depth)?;
        entries.push(Entry { key, spot, value });
        if is_last(cursor, "}", opened)? {
            return Ok(entries);
        }
    }
}

fn list(cursor: &mut Cursor<'_>, depth: usize, opened: Spot) -> Result<Tree, SyntaxError> {
    check_depth(depth, opened)?;
    let mut items = Vec::new();
    skip_blank(cursor);
    if cursor.eat("]") {
        return Ok(Tree::List(items));
    }
    loop {
        skip_blank(cursor);
        let spot = cursor.spot();
        items.push((spot, value(cursor, depth)?));
        if is_last(cursor, "]", opened)? {
            return Ok(Tree::List(items));
        }
    }
}

/// Takes the comma or the closing mark after an item and says whether it was the mark.
fn is_last(cursor: &mut Cursor<'_>, closing: &str, opened: Spot) -> Result<bool, SyntaxError> {
    skip_blank(cursor);
    if cursor.eat(",") {
        return Ok(false);
    }
    if cursor.eat(closing) {
        return Ok(true);
    }
    match cursor.peek() {
        Some(_) => cursor.unexpected(&format!("`,` or `{closing}`")),
        None => fail_at(
            opened,
            format!("`{closing}` is missing for what begins here"),
        ),
    }
}

fn value(cursor: &mut Cursor<'_>, depth: usize) -> Result<Tree, SyntaxError> {
    let spot = cursor.spot();
    match cursor.peek() {
        Some('"') => quoted::parse_json(cursor).map(Tree::Text),
        Some('{') => {
            cursor.next();
            object(cursor, depth + 1, spot).map(Tree::Block)
        }
        Some('[') => {
            cursor.next();
            list(cursor, depth + 1, spot)
        }
        Some('-' | '0'..='9') => {
            let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
            match number::parse_json(cursor.take_while(is_good)) {
                Some(number) => Ok(number),
                None => fail_at(spot, "this is not a number"),
            }
        }
        Some(c) if c.is_ascii_alphabetic() => match cursor.take_while(char::is_alphanumeric) {
            "true" => Ok(Tree::Bool(true)),
            "false" => Ok(Tree::Bool(false)),
            "null" => Ok(Tree::Null),
            _ => fail_at(spot, "a text needs quotes"),
        },
        _ => cursor.unexpected("a value"),
    }
}
