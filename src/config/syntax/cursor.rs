//! Walks over a text one character at a time and knows the line and column it is at.

use std::str::Chars;

use super::{Spot, SyntaxError};

/// A position in a text.
pub(super) struct Cursor<'a> {
    rest: Chars<'a>,
    spot: Spot,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars(),
            spot: Spot::START,
        }
    }

    /// Where the next character stands.
    pub(super) const fn spot(&self) -> Spot {
        self.spot
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a str {
        self.rest.as_str()
    }

    /// The next character, left in place.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    /// Takes the next character.
    pub(super) fn next(&mut self) -> Option<char> {
        let found = self.rest.next()?;
        if found == '\n' {
            self.spot.line += 1;
            self.spot.column = 1;
        } else {
            self.spot.column += 1;
        }
        Some(found)
    }

    /// Takes the text if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            text.chars().for_each(|_| {
                self.next();
            });
        }
        is_next
    }

    /// Takes characters as long as they are good.
    pub(super) fn take_while(&mut self, is_good: impl Fn(char) -> bool) -> &'a str {
        let before = self.rest();
        while self.peek().is_some_and(&is_good) {
            self.next();
        }
        let taken = before.len() - self.rest().len();
        before.get(..taken).unwrap_or_default()
    }

    /// Takes the rest of the line without its end.
    pub(super) fn take_line(&mut self) -> &'a str {
        self.take_while(|c| c != '\n')
    }

    /// An error at the next character.
    pub(super) fn fail<T>(&self, why: impl Into<String>) -> Result<T, SyntaxError> {
        fail_at(self.spot, why)
    }

    /// An error that names the next character, or the end, and what should stand there.
    pub(super) fn unexpected<T>(&self, wanted: &str) -> Result<T, SyntaxError> {
        match self.peek() {
            Some(found) => self.fail(format!("found {found:?} where {wanted} should be")),
            None => self.fail(format!("the file ends where {wanted} should be")),
        }
    }
}

/// An error at a spot.
pub(super) fn fail_at<T>(spot: Spot, why: impl Into<String>) -> Result<T, SyntaxError> {
    let why = why.into();
    Err(SyntaxError { spot, why })
}
