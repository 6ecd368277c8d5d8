//! The lines at the end of a terminal that are redrawn in place. Each drawing is one write.

use std::fmt::Write as _;
use std::io::Write;

use console::measure_text_width;

/// What a terminal is told around a drawing: that it shows nothing of it before its end. Those that do not know it pass
/// over it. <https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036>
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
/// Clears what is right of the cursor, and below it too.
const REST_OF_LINE: &str = "\x1b[K";
const REST_OF_SCREEN: &str = "\x1b[J";

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// How a line looks, where colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Heading,
    Warning,
}

/// A line of the area. Nothing in its text is an order to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) look: Look,
}

/// What was drawn, and where.
pub(super) struct Area<W> {
    out: W,
    has_colours: bool,
    drawn: Vec<Line>,
    columns: usize,
}

impl<W: Write> Area<W> {
    pub(super) fn new(out: W, has_colours: bool) -> Self {
        Self { out, has_colours, drawn: Vec::new(), columns: 0 }
    }

    /// Writes what was said where the area was, and the area behind it.
    pub(super) fn draw(&mut self, said: &[String], lines: Vec<Line>, columns: usize) {
        if said.is_empty() && lines == self.drawn && columns == self.columns {
            return;
        }
        let mut text = self.back(columns);
        if !said.is_empty() {
            text.push_str(REST_OF_SCREEN);
            for line in said {
                text.extend([line.as_str(), "\n"]);
            }
        }
        for line in &lines {
            text.push_str(&self.styled(line));
            text.extend([REST_OF_LINE, "\n"]);
        }
        text.push_str(REST_OF_SCREEN);
        (self.drawn, self.columns) = (lines, columns);
        self.write(&text);
    }

    /// Takes away what was drawn.
    pub(super) fn clear(&mut self) {
        if !self.drawn.is_empty() {
            let text = self.back(self.columns) + REST_OF_SCREEN;
            self.drawn.clear();
            self.write(&text);
        }
    }

    /// The way to the first character of what was drawn. A terminal that became narrower broke lines in several.
    fn back(&self, columns: usize) -> String {
        let rows_of = |line: &Line| measure_text_width(&line.text).max(1).div_ceil(columns.max(1));
        let rows: usize = self.drawn.iter().map(rows_of).sum();
        let mut text = "\r".to_owned();
        if rows > 0 {
            write!(text, "\x1b[{rows}A").unwrap_or_default();
        }
        text
    }

    fn styled(&self, line: &Line) -> String {
        let style = match line.look {
            Look::Heading if self.has_colours => "2",
            Look::Warning if self.has_colours => "33",
            _ => return line.text.clone(),
        };
        format!("\x1b[{style}m{}\x1b[0m", line.text)
    }

    /// The run goes on, and its report is printed, where the terminal went away.
    fn write(&mut self, text: &str) {
        self.out.write_all(format!("{BEGIN}{text}{END}").as_bytes()).unwrap_or_default();
        self.out.flush().unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line { text: (*text).to_owned(), look: Look::Plain }).collect()
    }

    /// What is written by a drawing over another one.
    fn second(first: &[&str], said: &[&str], then: &[&str], columns: usize) -> String {
        let mut area = Area::new(Vec::new(), false);
        area.draw(&[], lines(first), 80);
        area.out.clear();
        let said: Vec<String> = said.iter().map(|line| (*line).to_owned()).collect();
        area.draw(&said, lines(then), columns);
        String::from_utf8(area.out).unwrap().replace(BEGIN, "").replace(END, "")
    }

    #[test]
    fn a_drawing_goes_over_the_one_before_and_the_same_again_writes_nothing() {
        assert_eq!(second(&["a", "b"], &[], &["a", "c"], 80), "\r\x1b[2Aa\x1b[K\nc\x1b[K\n\x1b[J");
        assert_eq!(second(&["a"], &[], &["a"], 80), "");
    }

    #[test]
    fn what_is_said_stands_above_whole_and_nothing_is_left_of_the_area_between() {
        let long = "w".repeat(200);
        assert_eq!(
            second(&["a", "b"], &[&long], &["c"], 80),
            format!("\r\x1b[2A\x1b[J{long}\nc\x1b[K\n\x1b[J")
        );
    }

    #[test]
    fn a_terminal_that_became_narrower_broke_lines_which_all_are_gone_over() {
        let wide = "w".repeat(79);
        assert!(second(&[&wide, "b"], &[], &["b"], 40).starts_with("\r\x1b[3A"));
        assert!(second(&["日本語"], &[], &["b"], 4).starts_with("\r\x1b[2A"));
    }

    #[test]
    fn nothing_is_left_of_a_cleared_area_and_colours_are_there_only_where_they_are_wanted() {
        for (has_colours, expected) in [(true, "\x1b[33mw\x1b[0m"), (false, "w")] {
            let mut area = Area::new(Vec::new(), has_colours);
            area.draw(&[], vec![Line { text: "w".to_owned(), look: Look::Warning }], 80);
            area.clear();
            area.clear();
            let text = String::from_utf8(area.out).unwrap().replace(BEGIN, "").replace(END, "");
            assert_eq!(text, format!("\r{expected}\x1b[K\n\x1b[J\r\x1b[1A\x1b[J"));
        }
    }
}
