//! What a terminal of a certain size is sent, so that each row of it is one that was meant: what is too
//! wide is left out, cut or folded here, by what it is. Pure.

use super::out::in_line;
use super::table::columns;

/// To the upper left.
const HOME: &str = "\x1b[H";
/// The rest of the line is emptied.
pub(super) const END_LINE: &str = "\x1b[K";
/// The rest of the screen is emptied.
const END_SCREEN: &str = "\x1b[J";

/// What stands for a tab, of which a row does not know how wide it is.
const TAB: &str = "    ";

/// What stands at the end of a row for what was cut off.
const CUT: &str = "...";

/// A part of what is drawn.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// Lines of which no letter may be lost: what is too long goes on in the next row, so many columns
    /// in.
    Text {
        /// The lines.
        lines: Vec<String>,
        /// Columns, at most half of those that there are.
        indent: usize,
    },
    /// Lines whose beginning tells the most: the rest is cut off.
    Values(Vec<String>),
    /// Rows under a head. Columns are left out while the rows are too wide, then the rest is cut off.
    Columns {
        /// The rows, the head first.
        rows: Vec<Vec<String>>,
        /// Heads of the columns that may be left out, the least telling first.
        spare: &'static [&'static str],
    },
}

impl Part {
    /// The rows, none of them wider than so many columns.
    fn rows(&self, width: usize) -> Vec<String> {
        match self {
            Self::Text { lines, indent } => {
                let indent = (*indent).min(width / 2);
                lines
                    .iter()
                    .flat_map(|line| folded(line, width, indent))
                    .collect()
            }
            Self::Values(lines) => lines.iter().map(|line| cut(line, width)).collect(),
            Self::Columns { rows, spare } => {
                let lines = narrowed(rows.clone(), spare, width);
                lines.iter().map(|line| cut(line, width)).collect()
            }
        }
    }
}

/// What a terminal of so many rows and columns is sent. More rows than it has would roll it, and are
/// left out.
pub(super) fn screen(parts: &[Part], foot: &str, (rows, width): (usize, usize)) -> String {
    let mut lines: Vec<String> = parts.iter().flat_map(|part| part.rows(width)).collect();
    // Below the parts stand an empty line, the foot, and the line where the cursor rests.
    let room = rows.saturating_sub(3).max(1);
    if lines.len() > room {
        let more = lines.len() - (room - 1);
        lines.truncate(room - 1);
        lines.push(format!("... {more} more lines, for a larger terminal"));
    }
    let mut screen = HOME.to_owned();
    for line in lines.iter().map(String::as_str).chain(["", foot]) {
        // Emptied first: behind a line that fills its row, the last letter would go.
        screen.push_str(END_LINE);
        screen.extend(line.chars().take(width));
        screen.push('\n');
    }
    screen.push_str(END_SCREEN);
    screen
}

/// The rows as lines, without as many spare columns as must go.
fn narrowed(mut rows: Vec<Vec<String>>, spare: &[&str], width: usize) -> Vec<String> {
    let mut spare = spare.iter();
    loop {
        let lines = columns(&rows);
        if lines.iter().all(|line| line.chars().count() <= width) {
            return lines;
        }
        let Some(least) = spare.next() else {
            return lines;
        };
        let head = rows.first();
        if let Some(at) = head.and_then(|head| head.iter().position(|name| name == least)) {
            for row in rows.iter_mut().filter(|row| row.len() > at) {
                row.remove(at);
            }
        }
    }
}

/// The letters of a line, each of which takes one column.
fn letters(line: &str) -> Vec<char> {
    in_line(&line.replace('\t', TAB)).chars().collect()
}

/// The beginning of a line, and a sign if that is not all.
fn cut(line: &str, width: usize) -> String {
    let letters = letters(line);
    if letters.len() <= width {
        return letters.into_iter().collect();
    }
    let kept = letters.iter().take(width.saturating_sub(CUT.len()));
    kept.copied().chain(CUT.chars()).take(width).collect()
}

/// The rows that a line takes.
fn folded(line: &str, width: usize, indent: usize) -> Vec<String> {
    let letters = letters(line);
    let (first, rest) = letters.split_at(letters.len().min(width.max(1)));
    let mut rows = vec![String::from_iter(first)];
    let blank = " ".repeat(indent);
    let further = rest.chunks((width - indent).max(1));
    rows.extend(further.map(|row| blank.chars().chain(row.iter().copied()).collect()));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[&str], indent: usize) -> Part {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Part::Text { lines, indent }
    }

    #[test]
    fn text_is_folded_and_cut_to_the_terminal_and_says_how_much_is_missing() {
        let table = text(&["one", "", "four and five", "six"], 0);
        let drawn = |rows, columns| {
            let screen = screen(std::slice::from_ref(&table), "foot", (rows, columns));
            let inner = screen.strip_prefix(HOME).unwrap();
            let inner = inner.strip_suffix(END_SCREEN).unwrap();
            inner.replace(END_LINE, "")
        };
        assert_eq!(drawn(7, 80), "one\n\nfour and five\nsix\n\nfoot\n");
        assert_eq!(drawn(8, 9), "one\n\nfour and \nfive\nsix\n\nfoot\n");
        assert_eq!(drawn(7, 9), "one\n\nfour and \n... 2 mor\n\nfoot\n");
        assert_eq!(drawn(0, 5), "... 6\n\nfoot\n");
    }

    #[test]
    fn what_is_folded_goes_on_below_its_own_column() {
        let why = text(&["  to do  start the others"], 9);
        assert_eq!(why.rows(18), ["  to do  start the", "          others"]);
        assert_eq!(
            why.rows(4),
            [
                "  to", "   d", "  o ", "   s", "  ta", "  rt", "   t", "  he", "   o", "  th",
                "  er", "  s"
            ]
        );
        for width in 0..3 {
            let rows = why.rows(width);
            assert_eq!(rows.concat().replace(' ', ""), "todostarttheothers");
        }
    }

    #[test]
    fn a_value_is_cut_with_a_sign_and_takes_one_row() {
        let values = Part::Values(vec!["raft:".to_owned(), "\tterm = 1234".to_owned()]);
        assert_eq!(values.rows(80), ["raft:", "    term = 1234"]);
        assert_eq!(values.rows(15), ["raft:", "    term = 1234"]);
        assert_eq!(values.rows(14), ["raft:", "    term = ..."]);
        assert_eq!(values.rows(2), ["..", ".."]);
    }

    #[test]
    fn the_least_telling_columns_go_first_and_then_the_rest_is_cut() {
        let rows = [
            ["Node", "State", "DC", "Part"],
            ["web-1", "alive", "dc1", "all"],
        ];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec()).to_vec();
        let spare = &["Part", "DC"];
        let table = Part::Columns { rows, spare };
        let whole = ["Node   State  DC   Part", "web-1  alive  dc1  all"];
        assert_eq!(table.rows(23), whole);
        assert_eq!(table.rows(22), ["Node   State  DC", "web-1  alive  dc1"]);
        assert_eq!(table.rows(16), ["Node   State", "web-1  alive"]);
        assert_eq!(table.rows(11), ["Node   S...", "web-1  a..."]);
    }

    #[test]
    fn a_row_is_emptied_before_it_is_filled() {
        let drawn = screen(&[text(&["full"], 0)], "foot", (24, 4));
        assert_eq!(drawn, "\x1b[H\x1b[Kfull\n\x1b[K\n\x1b[Kfoot\n\x1b[J");
    }
}
