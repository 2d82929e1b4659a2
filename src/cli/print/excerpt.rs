//! Lines of a file, with marks below what is meant.

use crate::{engine::diagnostic::is_invisible, sources::documents::Place};

/// Most of a source line that is shown.
const MAX_EXCERPT: usize = 100; // characters
/// How much of a long line is shown before the place.
const BEFORE: usize = 30; // characters

/// What ends a line.
const BREAKS: [char; 2] = ['\n', '\r'];

/// A line, cut where it is long, and marks below what is meant.
pub(in crate::cli) struct Excerpt {
    pub(super) shown: String,
    pub(super) marks: String,
}

/// Excerpts of one text, at places that come in their order: the text is passed through once.
pub(in crate::cli) struct Excerpts<'a> {
    /// From the start of the line on.
    rest: &'a str,
    /// The number of that line.
    line: u32,
    /// A place in that line: how many characters before it, and how many bytes.
    before: (usize, usize),
}

impl<'a> Excerpts<'a> {
    pub(in crate::cli) fn new(text: &'a str) -> Self {
        Self {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            line: 1,
            before: (0, 0),
        }
    }

    /// The line of `place`; `None` where the text has no such line.
    pub(in crate::cli) fn at(&mut self, place: Place) -> Option<Excerpt> {
        while self.line < place.line {
            self.rest = &self.rest[next_line(self.rest)?..];
            self.line += 1;
            self.before = (0, 0);
        }
        let line = self.rest.split(BREAKS).next().filter(|_| !self.rest.is_empty())?;
        let column = (place.column as usize).saturating_sub(1);
        let is_long = line.chars().nth(MAX_EXCERPT).is_some();
        let from = if is_long { column.saturating_sub(BEFORE) } else { 0 };
        let (passed, at) = self.before;
        let (skipped, start) = if passed <= from { (passed, at) } else { (0, 0) };
        let more = line[start..].char_indices().nth(from - skipped);
        let start = more.map_or(line.len(), |(more, _)| start + more);
        self.before = (from, start);
        let shown: String = line[start..].chars().take(MAX_EXCERPT).map(visible).collect();
        let indent = column - from;
        let width = (place.width as usize).clamp(1, shown.chars().count().saturating_sub(indent).max(1));
        Some(Excerpt {
            shown,
            marks: format!("{}{}", " ".repeat(indent), "^".repeat(width)),
        })
    }
}

/// Where the line after the first begins, in bytes. A carriage return alone ends a line too, as in YAML.
pub(in crate::cli) fn next_line(text: &str) -> Option<usize> {
    let end = text.find(BREAKS)?;
    let both = text[end..].starts_with("\r\n");
    Some(end + if both { 2 } else { 1 })
}

/// What a terminal shows in one cell, instead of characters that it obeys or hides.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() || is_invisible(c) => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::{Excerpts, Place};

    fn place(line: u32, column: u32, width: u32) -> Place {
        Place { line, column, width }
    }

    #[test]
    fn marks_stand_below_what_is_meant() {
        let mut excerpts = Excerpts::new("\u{feff}a: b\r\nc: \u{e9}\td\n");
        let mut at = |line, column, width| {
            let excerpt = excerpts.at(place(line, column, width))?;
            Some((excerpt.shown, excerpt.marks))
        };
        let both = |shown: &str, marks: &str| Some((shown.to_owned(), marks.to_owned()));
        assert_eq!(at(1, 4, 9), both("a: b", "   ^"));
        assert_eq!(at(2, 4, 3), both("c: \u{e9} d", "   ^^^"));
        assert_eq!(at(2, 1, 1), both("c: \u{e9} d", "^"));
        assert_eq!(at(9, 1, 1), None);
        let mut excerpts = Excerpts::new("a: b\rc: d\r\re: f");
        let lines = [1, 2, 3, 4].map(|line| excerpts.at(place(line, 1, 1)).map(|excerpt| excerpt.shown));
        assert_eq!(
            lines,
            ["a: b", "c: d", "", "e: f"].map(|line| Some(line.to_owned()))
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = "\u{e9}".repeat(5_000) + "!" + &"x".repeat(5_000);
        let mut excerpts = Excerpts::new(&text);
        for _ in 0..2 {
            let excerpt = excerpts.at(place(1, 5_001, 1)).expect("a line");
            assert_eq!(excerpt.shown.chars().count(), 100);
            assert_eq!(excerpt.shown.chars().nth(30), Some('!'));
            assert_eq!(excerpt.marks, " ".repeat(30) + "^");
        }
        assert!(
            excerpts
                .at(place(1, 3, 1))
                .expect("a line")
                .shown
                .starts_with('\u{e9}')
        );
    }
}
