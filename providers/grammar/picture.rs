//! A text on one line with a caret under one of its characters.
//!
//! Pure. What must not be seen is masked, and the caret stays right; what would break the line or
//! turn it around is replaced; a long text is cut to the part around the caret.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

/// What stands in place of what must not be seen.
pub(crate) const MASK: &str = "****";

/// The most columns that are shown before the caret and from it on. Chosen: together one line of a
/// wide terminal.
const COLUMNS_MAX: (usize, usize) = (100, 60);

/// What stands where a text is cut.
const CUT: char = '…';

/// A line and the column of its caret. `Display` writes two lines, the second with the caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    line: String,
    column: usize,
}

impl Picture {
    /// Shows a text with a caret under the character at a byte, or behind the text's end. Each of
    /// the ranges of bytes that are to be masked, sorted and apart, becomes `****`.
    pub(crate) fn new(text: &str, at: usize, masked: &[Range<usize>]) -> Self {
        let mut cells = Vec::new();
        let mut caret = None;
        for (byte, c) in text.char_indices() {
            let mask = masked.iter().find(|range| range.contains(&byte));
            // A caret inside a mask stands under its beginning.
            if caret.is_none() && mask.map_or(byte + 1, |range| range.end) > at {
                caret = Some(cells.len());
            }
            match mask {
                None => cells.push(visible(c)),
                Some(range) if range.start == byte => cells.extend(MASK.chars()),
                Some(_) => {}
            }
        }
        let caret = caret.unwrap_or(cells.len());
        Self::around(&cells, caret)
    }

    /// Cuts a line to what is around its caret.
    fn around(cells: &[char], caret: usize) -> Self {
        let (before, from) = cells.split_at_checked(caret).unwrap_or((cells, &[]));
        let (before_max, from_max) = COLUMNS_MAX;
        let kept = before.len() - fitting(before.iter().rev(), before_max);
        let shown = fitting(from.iter(), from_max);
        let mut line = String::new();
        if kept > 0 {
            line.push(CUT);
        }
        line.extend(before.get(kept..).unwrap_or_default());
        let column = line.chars().map(width).sum();
        line.extend(from.get(..shown).unwrap_or_default());
        if shown < from.len() {
            line.push(CUT);
        }
        Self { line, column }
    }

    /// The text on one line, masked and perhaps cut.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// How many columns of a terminal stand before the caret.
    pub const fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{:2$}^", self.line, "", self.column)
    }
}

/// How many of the characters fit into so many columns. A mark without a width takes one too, or a
/// line could have any number of them.
fn fitting<'a>(chars: impl Iterator<Item = &'a char>, columns: usize) -> usize {
    let mut taken = 0;
    chars
        .take_while(|c| {
            taken += width(**c).max(1);
            taken <= columns
        })
        .count()
}

fn width(c: char) -> usize {
    c.width().unwrap_or(1)
}

/// Says whether a character stands for itself, and neither breaks a line nor turns it around.
pub fn is_plain(c: char) -> bool {
    visible(c) == c
}

/// The character, or one that can be seen in its place.
pub(crate) fn visible(c: char) -> char {
    let code = u32::from(c);
    match c {
        // The pictures of control characters stand in the same order from U+2400 on.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + code).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => char::REPLACEMENT_CHARACTER,
        // They change the direction of what follows.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            char::REPLACEMENT_CHARACTER
        }
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, at: usize, masked: Option<&Range<usize>>) -> String {
        Picture::new(text, at, &masked.cloned().into_iter().collect::<Vec<_>>()).to_string()
    }

    #[test]
    fn the_caret_stands_under_its_character() {
        let rows = [
            ("", 0, "\n^"),
            ("a=b", 0, "a=b\n^"),
            ("a=b", 2, "a=b\n  ^"),
            ("a=", 2, "a=\n  ^"),
            ("é=1 x", 5, "é=1 x\n    ^"),
            ("日本=1 x", 9, "日本=1 x\n       ^"),
            ("e\u{301}=1 x", 6, "e\u{301}=1 x\n    ^"),
            ("😀=1 x", 7, "😀=1 x\n     ^"),
            ("a=1\t b", 5, "a=1␉ b\n     ^"),
            ("a=\u{202e}x y", 7, "a=\u{fffd}x y\n     ^"),
        ];
        for (text, at, wanted) in rows {
            assert_eq!(drawn(text, at, None), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_mask_moves_the_caret_with_what_follows() {
        let text = "k=hush x";
        let mask = || Some(&(2..6));
        assert_eq!(drawn(text, 7, mask()), "k=**** x\n       ^");
        assert_eq!(drawn("k=日本 x", 9, Some(&(2..8))), "k=**** x\n       ^");
        assert_eq!(drawn("k=x y", 4, Some(&(2..3))), "k=**** y\n       ^");
        // Where a secret breaks is not shown.
        assert_eq!(drawn(text, 4, mask()), "k=**** x\n  ^");
        assert_eq!(drawn(text, 2, mask()), "k=**** x\n  ^");
        assert_eq!(drawn("k=hush", 6, mask()), "k=****\n      ^");
        assert_eq!(drawn("k=hush=", 6, Some(&(2..6))), "k=****=\n      ^");
    }

    #[test]
    fn a_long_text_is_cut_around_the_caret() {
        let text = format!("{} x {}", "a".repeat(500), "日".repeat(500));
        let picture = Picture::new(&text, 501, &[]);
        assert!(picture.line().starts_with("…a") && picture.line().ends_with("日…"));
        assert!(picture.line().chars().count() < 170, "{picture}");
        let under = picture.line().chars().nth(picture.column());
        assert_eq!(under, Some('x'), "{picture}");
        let marks = "\u{301}".repeat(5_000);
        let picture = Picture::new(&format!("{marks}x{marks}"), marks.len(), &[]);
        assert!(picture.line().chars().count() < 170, "{picture}");
    }
}
