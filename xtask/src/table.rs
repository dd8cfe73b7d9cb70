//! A table for the terminal that is Markdown too.

/// The rows, of which the first is the heading, in columns as wide as their widest cell.
pub(crate) fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .map(|row| cell(row, column).chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = widths
            .iter()
            .enumerate()
            .map(|(column, width)| format!("{:width$}", cell(row, column)));
        text += &format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
        if number == 0 {
            let rule = widths.iter().map(|width| "-".repeat(width + 2));
            text += &format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["what".into(), "µs".into()],
            vec!["a call".into(), "43".into()],
        ];
        assert_eq!(
            render(&rows),
            "| what   | µs |\n|--------|----|\n| a call | 43 |\n"
        );
    }
}
