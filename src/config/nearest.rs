//! Finds the name that a mistyped one was meant to be.

/// The name that is nearest to a text; none if no name is near.
///
/// Near is a third of the text's length or less, counted in letters to change, add, drop or swap
/// with a neighbour. Chosen: one slip in a short word, two or three in a long one.
pub fn nearest<'n>(text: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let bound = text.chars().count().div_ceil(3).min(3);
    names
        .into_iter()
        .map(|name| (distance(text, name), name))
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map(|(_, name)| name)
}

/// Edit distance with swaps of neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (row, letter) in a.chars().enumerate() {
        let mut current = vec![row + 1];
        let mut left = row + 1;
        for (column, other) in b.iter().enumerate() {
            let corner = at(&above, column) + usize::from(letter != *other);
            let is_swap =
                column > 0 && previous == Some(*other) && b.get(column - 1) == Some(&letter);
            let swap = if is_swap {
                at(&before, column - 1) + 1
            } else {
                corner
            };
            left = corner
                .min(swap)
                .min(left + 1)
                .min(at(&above, column + 1) + 1);
            current.push(left);
        }
        before = std::mem::replace(&mut above, current);
        previous = Some(letter);
    }
    at(&above, b.len())
}

/// A cell of a row; beyond the row nothing is near.
fn at(row: &[usize], column: usize) -> usize {
    row.get(column).copied().unwrap_or(usize::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_slips() {
        let rows = [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "ab", 1),
            ("ab", "abc", 1),
            ("abc", "axc", 1),
            ("abc", "acb", 1),
            ("retry_jion", "retry_join", 1),
            ("kitten", "sitting", 3),
            ("", "abc", 3),
        ];
        for (a, b, slips) in rows {
            assert_eq!(distance(a, b), slips, "{a} {b}");
        }
    }

    #[test]
    fn a_slip_finds_its_name_and_another_word_does_not() {
        let names = ["retry_join", "retry_max", "server"];
        assert_eq!(nearest("retry_jion", names), Some("retry_join"));
        assert_eq!(nearest("sever", names), Some("server"));
        assert_eq!(nearest("telemetry", names), None);
    }
}
