//! Columns as Consul's tools print them: to the left, two spaces between, the last one ragged.

/// Lays rows out in columns, one line per row. Widths count characters.
pub(super) fn columns(rows: &[Vec<String>]) -> Vec<String> {
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
}
