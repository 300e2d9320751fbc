//! Tables that `awk` can read: one heading a column, no lines, three spaces between columns.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A table. Of the columns that hold numbers, the numbers stand below each other.
pub fn table(headings: &[&str], numbers: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    // An empty cell would move the ones behind it.
    let filled = |cell: String| if cell.is_empty() { "-".to_owned() } else { cell };
    for row in rows {
        table.add_row(row.into_iter().map(filled).collect::<Vec<String>>());
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 3));
        if numbers.contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awk_finds_its_columns() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        insta::assert_snapshot!(
            table(
                &["WAVE", "DONE", "FAILED"],
                &[1],
                [row(["canary", "10", ""]), row(["rest", "1490", "2"])]
            ),
            @r"
        WAVE     DONE   FAILED
        canary     10   -
        rest     1490   2
        "
        );
    }
}
