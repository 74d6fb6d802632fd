//! HCL 1, the dialect that Consul reads; HCL 2 is another language.
//!
//! Rules from the grammar of hashicorp/hcl at version 1 (`parser.objectList`, `objectItem`,
//! `object`, `listType`): an entry is a key and `=` and a value, or keys and a block; commas
//! between entries may be left out, and so may line ends; keys may be quoted. One thing more is
//! taken: a key without quotes may have dots and then means nested blocks.

use super::cursor::{Cursor, fail_at};
use super::{Entry, Spot, SyntaxError, Tree, check_depth, number, quoted};

/// Parses a whole text.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, SyntaxError> {
    let cursor = Cursor::new(text);
    Parser { cursor }.entries(0, None)
}

struct Parser<'a> {
    cursor: Cursor<'a>,
}

impl Parser<'_> {
    /// Reads entries up to the brace that closes the block opened at `opened`, or up to the end.
    fn entries(&mut self, depth: usize, opened: Option<Spot>) -> Result<Vec<Entry>, SyntaxError> {
        check_depth(depth, self.cursor.spot())?;
        let mut entries = Vec::new();
        loop {
            self.skip_blank()?;
            match (self.cursor.peek(), opened) {
                (None, None) => return Ok(entries),
                (None, Some(spot)) => {
                    return fail_at(spot, "the block that begins here is not closed");
                }
                (Some('}'), Some(_)) => {
                    self.cursor.next();
                    return Ok(entries);
                }
                _ => entries.push(self.entry(depth)?),
            }
            self.skip_blank()?;
            self.cursor.eat(",");
        }
    }

    /// Reads keys and what they lead to.
    fn entry(&mut self, depth: usize) -> Result<Entry, SyntaxError> {
        let mut keys = self.key()?;
        loop {
            self.skip_blank()?;
            let spot = self.cursor.spot();
            check_depth(depth + keys.len(), spot)?;
            match self.cursor.peek() {
                Some('{') => {
                    let value = self.value(depth + keys.len())?;
                    return nest(keys, value, spot);
                }
                Some('=') => break,
                Some('"') => keys.extend(self.key()?),
                Some(c) if is_key_start(c) => keys.extend(self.key()?),
                _ => return self.cursor.unexpected("`=` or `{`"),
            }
        }
        self.cursor.next();
        self.skip_blank()?;
        let spot = self.cursor.spot();
        let value = self.value(depth + keys.len())?;
        nest(keys, value, spot)
    }

    /// Reads one key; dots in a key without quotes part it.
    fn key(&mut self) -> Result<Vec<(String, Spot)>, SyntaxError> {
        let spot = self.cursor.spot();
        match self.cursor.peek() {
            Some('"') => Ok(vec![(quoted::parse_hcl(&mut self.cursor)?, spot)]),
            Some(c) if is_key_start(c) => {
                let word = self.cursor.take_while(is_key_part);
                let part = |part: &str| (part.to_owned(), spot);
                Ok(word.split('.').map(part).collect())
            }
            _ => self.cursor.unexpected("a key"),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Tree, SyntaxError> {
        let spot = self.cursor.spot();
        match self.cursor.peek() {
            Some('"') => quoted::parse_hcl(&mut self.cursor).map(Tree::Text),
            Some('<') => quoted::parse_heredoc(&mut self.cursor).map(Tree::Text),
            Some('[') => self.list(depth + 1),
            Some('{') => {
                self.cursor.next();
                self.entries(depth + 1, Some(spot)).map(Tree::Block)
            }
            Some('-' | '0'..='9') => {
                let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
                let text = self.cursor.take_while(is_good);
                match number::parse_hcl(text) {
                    Some(number) => Ok(number),
                    None => fail_at(spot, "this is not a number; a text needs quotes"),
                }
            }
            Some(c) if is_key_start(c) => match self.cursor.take_while(is_key_part) {
                "true" => Ok(Tree::Bool(true)),
                "false" => Ok(Tree::Bool(false)),
                _ => fail_at(spot, "a text needs quotes"),
            },
            _ => self.cursor.unexpected("a value"),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Tree, SyntaxError> {
        let opened = self.cursor.spot();
        check_depth(depth, opened)?;
        self.cursor.next();
        let mut items = Vec::new();
        loop {
            self.skip_blank()?;
            if self.cursor.eat("]") {
                return Ok(Tree::List(items));
            }
            if self.cursor.peek().is_none() {
                return fail_at(opened, "the list that begins here is not closed");
            }
            let spot = self.cursor.spot();
            items.push((spot, self.value(depth)?));
            self.skip_blank()?;
            let is_last = !self.cursor.eat(",");
            if is_last && !matches!(self.cursor.peek(), Some(']') | None) {
                return self.cursor.unexpected("`,` or `]`");
            }
        }
    }

    /// Skips white space and comments.
    fn skip_blank(&mut self) -> Result<(), SyntaxError> {
        loop {
            self.cursor
                .take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
            let spot = self.cursor.spot();
            if self.cursor.peek() == Some('#') || self.cursor.rest().starts_with("//") {
                self.cursor.take_line();
            } else if self.cursor.eat("/*") {
                while !self.cursor.eat("*/") {
                    if self.cursor.next().is_none() {
                        return fail_at(spot, "the comment that begins here is not closed");
                    }
                }
            } else {
                return Ok(());
            }
        }
    }
}

/// Nests a value under its keys; the spot is that of the value.
fn nest(keys: Vec<(String, Spot)>, value: Tree, spot: Spot) -> Result<Entry, SyntaxError> {
    let mut keys = keys.into_iter();
    let Some((key, spot)) = keys.next() else {
        return fail_at(spot, "a key is missing");
    };
    let value = keys.rev().fold(value, |value, (key, spot)| {
        Tree::Block(vec![Entry { key, spot, value }])
    });
    Ok(Entry { key, spot, value })
}

fn is_key_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_key_part(c: char) -> bool {
    is_key_start(c) || c.is_numeric() || matches!(c, '-' | '.')
}
