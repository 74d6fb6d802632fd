//! Columns as Consul's tools print them: to the left, two spaces between, the last one ragged.

use super::out::in_line;

/// Lays rows out in columns, one line per row, whatever the cells hold. Widths count characters.
pub(super) fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let printed = |row: &Vec<String>| row.iter().map(|cell| in_line(cell)).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(printed).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let Some((last, cells)) = row.split_last() else {
        return String::new();
    };
    let padded = cells.iter().zip(widths);
    let mut line: Vec<String> = padded
        .map(|(cell, width)| format!("{cell:<width$}"))
        .collect();
    line.push(last.clone());
    line.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_each_other_whatever_their_script() {
        let rows = [
            vec!["Node", "State"],
            vec!["zürich-1", "alive"],
            vec!["b", "left"],
        ];
        let rows = rows.map(|row| row.into_iter().map(str::to_owned).collect());
        let lines = ["Node      State", "zürich-1  alive", "b         left"];
        assert_eq!(columns(&rows), lines);
        assert_eq!(columns(&[]), Vec::<String>::new());
    }

    #[test]
    fn no_cell_makes_a_row_of_its_own_or_steers_the_terminal() {
        let forged = ["a\nb  alive", "\x1b[2J"].map(str::to_owned).to_vec();
        assert_eq!(columns(&[forged]), ["a\u{fffd}b  alive  \u{fffd}[2J"]);
    }
}
