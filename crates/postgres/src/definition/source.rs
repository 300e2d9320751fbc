//! Where text stands: files, lines, columns, and the excerpt that a person is shown.

use std::fmt;

use tenantry_engine::Source;

/// A place in a definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The name of the [`Source`].
    pub source: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}, column {}", self.source, self.line, self.column)
    }
}

/// The line before a place, its line, and a caret under its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    lines: Vec<(u32, String)>,
    column: usize,
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.last().map_or(1, |(number, _)| number.to_string().len());
        for (number, line) in &self.lines {
            writeln!(f, "{number:>width$} | {}", line.trim_end())?;
        }
        write!(f, "{:width$} | {:indent$}^", "", "", indent = self.column)
    }
}

/// The longest part of a line that an excerpt shows, in characters.
const EXCERPT_WIDTH: usize = 120;

/// One text of a definition, its lines found once.
pub(super) struct Lines<'a> {
    source: &'a Source,
    /// Where each line starts, in bytes.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(source: &'a Source) -> Self {
        let breaks = source.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { source, starts }
    }

    pub(super) fn text(&self) -> &'a str {
        &self.source.text
    }

    /// The place of a byte offset.
    pub(super) fn location(&self, offset: usize) -> Location {
        let (line, column) = self.find(offset);
        Location {
            source: self.source.name.clone(),
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }

    /// What to show of the text around a byte offset.
    pub(super) fn excerpt(&self, offset: usize) -> Excerpt {
        let (line, column) = self.find(offset);
        let cut = column.saturating_sub(EXCERPT_WIDTH * 2 / 3);
        let shown = |at: usize| {
            let from = if at == line { cut } else { 0 };
            // A tab is shown as one blank, so that the caret stands under its character.
            let chars = self.line(at).chars().skip(from).take(EXCERPT_WIDTH);
            let text = chars.map(|c| if c.is_control() { ' ' } else { c }).collect();
            (u32::try_from(at + 1).unwrap_or(u32::MAX), text)
        };
        Excerpt { lines: (line.saturating_sub(1)..=line).map(shown).collect(), column: column - cut }
    }

    /// Line and column of a byte offset, from 0; the column in characters.
    fn find(&self, offset: usize) -> (usize, usize) {
        let offset = self.source.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|&start| start <= offset) - 1;
        (line, self.source.text[self.starts[line]..offset].chars().count())
    }

    fn line(&self, line: usize) -> &'a str {
        let end = self.starts.get(line + 1).map_or(self.source.text.len(), |&next| next - 1);
        self.source.text[self.starts[line]..end].trim_end_matches('\r')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "app.sql".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn columns_are_counted_in_characters() {
        let text = "a\r\né ü x\n";
        let at = text.find('x').expect("there");
        assert_eq!(Lines::of(&source(text)).location(at).to_string(), "app.sql, line 2, column 5");
        assert_eq!(Lines::of(&source(text)).location(0).to_string(), "app.sql, line 1, column 1");
        assert_eq!(Lines::of(&source(text)).location(999).to_string(), "app.sql, line 3, column 1");
    }

    #[test]
    fn an_excerpt_points_at_the_character() {
        let text = "CREATE TABLE t (\n\tid bigint,\n\tdetail jsonbb\n);";
        let at = text.find("jsonbb").expect("there");
        insta::assert_snapshot!(Lines::of(&source(text)).excerpt(at), @r"
        2 |  id bigint,
        3 |  detail jsonbb
          |         ^
        ");
        let long = format!("SELECT {}; x", "a".repeat(500));
        let shown = Lines::of(&source(&long)).excerpt(long.len() - 1).to_string();
        assert!(shown.lines().all(|line| line.chars().count() < 130), "{shown}");
        let columns: Vec<_> = shown.lines().map(|line| line.find(['x', '^'])).collect();
        assert_eq!(columns[0], columns[1]);
    }
}
