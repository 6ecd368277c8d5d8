//! One line for each data set, in as many columns as fit. A column is shown once it has something to say, and then stays
//! as wide as it ever was, so that nothing jumps.

use std::time::Duration;

use console::measure_text_width;
use indicatif::HumanCount;
use local::DataSetStatus;

use crate::terminal;

/// Characters of a data set's name, and of a bar.
const NAME: usize = 16;
const BAR: usize = 8;
const GAP: &str = "  ";

/// A column: its heading, whether words stand at its left, and what it says; nothing is an empty text.
struct Column {
    heading: &'static str,
    is_text: bool,
    cell: fn(&DataSetStatus) -> String,
}

const COLUMNS: [Column; 7] = [
    Column { heading: "data set", is_text: true, cell: |status| fit(&terminal::line(&status.name), NAME) },
    Column { heading: "progress", is_text: true, cell: progress },
    Column { heading: "taken/s", is_text: false, cell: |status| count(status.per_second) },
    Column { heading: "put", is_text: false, cell: |status| count(status.put) },
    Column { heading: "waiting", is_text: false, cell: |status| count(status.waiting) },
    Column { heading: "lag", is_text: false, cell: |status| status.lag.map(brief).unwrap_or_default() },
    Column {
        heading: "next tick",
        is_text: false,
        cell: |status| status.next_tick.map(brief).unwrap_or_default(),
    },
];

/// The columns that go first where not all fit.
const FIRST_TO_GO: [usize; 5] = [3, 6, 5, 1, 4];

/// How wide each column ever was; 0 where it never had anything to say.
#[derive(Debug, Default)]
pub(super) struct Columns([usize; COLUMNS.len()]);

impl Columns {
    /// A heading and a line for each data set, of at most `room` characters.
    pub(super) fn lines(&mut self, data_sets: &[DataSetStatus], room: usize) -> Vec<String> {
        let cells = |status| COLUMNS.each_ref().map(|column| (column.cell)(status));
        let rows: Vec<[String; COLUMNS.len()]> = data_sets.iter().map(cells).collect();
        for row in &rows {
            for (width, (cell, column)) in self.0.iter_mut().zip(row.iter().zip(&COLUMNS)) {
                if !cell.is_empty() {
                    *width = measure_text_width(cell).max(column.heading.len()).max(*width);
                }
            }
        }
        let shown = self.shown(room);
        let headings = COLUMNS.each_ref().map(|column| column.heading.to_owned());
        std::iter::once(&headings).chain(&rows).map(|row| fit(&self.line(row, shown), room)).collect()
    }

    /// Which columns fit.
    fn shown(&self, room: usize) -> [bool; COLUMNS.len()] {
        let mut shown = self.0.map(|width| width > 0);
        let mut leaving = FIRST_TO_GO.into_iter();
        while self.width(shown) > room {
            let Some(gone) = leaving.next() else { break };
            if let Some(is_shown) = shown.get_mut(gone) {
                *is_shown = false;
            }
        }
        shown
    }

    fn width(&self, shown: [bool; COLUMNS.len()]) -> usize {
        let widths = self.0.iter().zip(shown).filter(|(_, is_shown)| *is_shown);
        widths.map(|(width, _)| width + GAP.len()).sum::<usize>().saturating_sub(GAP.len())
    }

    fn line(&self, cells: &[String; COLUMNS.len()], shown: [bool; COLUMNS.len()]) -> String {
        let mut line = String::new();
        let columns = COLUMNS.iter().zip(self.0).zip(cells.iter().zip(shown));
        for ((column, width), (cell, _)) in columns.filter(|(_, (_, is_shown))| *is_shown) {
            let space = " ".repeat(width.saturating_sub(measure_text_width(cell)));
            let (before, after) = if column.is_text { ("", &*space) } else { (&*space, "") };
            let gap = if line.is_empty() { "" } else { GAP };
            line.extend([gap, before, cell, after]);
        }
        line.trim_end().to_owned()
    }
}

/// How much of the input was read, and once that is all, how much of what was put is done.
fn progress(status: &DataSetStatus) -> String {
    let Some(input) = status.input else { return String::new() };
    if input.read < input.of {
        bar("read", input.read, input.of)
    } else {
        bar("done", status.done(), status.put)
    }
}

/// Full at the end alone.
fn bar(what: &str, part: u64, of: u64) -> String {
    let share = |parts: usize| {
        let parts = u128::try_from(parts).unwrap_or(0);
        let shares = (u128::from(part) * parts).checked_div(u128::from(of)).unwrap_or(parts);
        usize::try_from(shares).unwrap_or(usize::MAX)
    };
    let full = share(BAR).min(BAR);
    format!("{}{} {what} {:>3} %", "━".repeat(full), "─".repeat(BAR - full), share(100).min(100))
}

fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// A time in one unit: `12 s`, `3 min`, `2 h`.
pub(super) fn brief(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

/// A text of at most so many characters' room; one that is cut says so.
pub(super) fn fit(text: &str, room: usize) -> String {
    if measure_text_width(text) <= room {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut width = 0;
    for c in text.chars() {
        width += measure_text_width(c.encode_utf8(&mut [0; 4]));
        if width >= room {
            break;
        }
        cut.push(c);
    }
    if room > 0 {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use local::InputShare;
    use proptest::prelude::*;

    use super::*;

    fn status(name: &str, input: Option<(u64, u64)>) -> DataSetStatus {
        DataSetStatus {
            name: name.to_owned(),
            put: 12_000,
            waiting: 3_000,
            per_second: 1_204,
            input: input.map(|(read, of)| InputShare { read, of }),
            ..DataSetStatus::default()
        }
    }

    #[test]
    fn a_line_tells_what_is_known_under_its_heading() {
        let timed = DataSetStatus {
            lag: Some(Duration::from_secs(3)),
            next_tick: Some(Duration::from_secs(15)),
            ..status("tweets", None)
        };
        let lines = Columns::default().lines(&[status("crime", Some((66, 100))), timed], 79);
        assert_eq!(
            lines,
            [
                "data set  progress             taken/s     put  waiting  lag  next tick",
                "crime     ━━━━━─── read  66 %    1,204  12,000    3,000",
                "tweets                           1,204  12,000    3,000  3 s       15 s",
            ]
        );
    }

    #[test]
    fn a_column_without_anything_to_say_is_left_out_and_one_that_said_something_stays() {
        let mut columns = Columns::default();
        assert_eq!(columns.lines(&[status("a", None)], 79)[0], "data set  taken/s     put  waiting");
        let lagging = DataSetStatus { lag: Some(Duration::from_secs(125)), ..status("a", None) };
        assert!(columns.lines(&[lagging], 79)[1].ends_with("2 min"));
        assert_eq!(columns.lines(&[status("a", None)], 79)[0], "data set  taken/s     put  waiting    lag");
    }

    #[test]
    fn a_bar_is_of_the_input_until_it_is_read_and_then_of_what_was_put() {
        assert_eq!(progress(&status("a", Some((99, 100)))), "━━━━━━━─ read  99 %");
        assert_eq!(progress(&status("a", Some((100, 100)))), "━━━━━━── done  75 %");
        assert_eq!(
            progress(&DataSetStatus { waiting: 0, ..status("a", Some((1, 1))) }),
            "━━━━━━━━ done 100 %"
        );
        assert_eq!(bar("done", 0, 0), "━━━━━━━━ done 100 %");
        assert_eq!(bar("read", u64::MAX - 1, u64::MAX), "━━━━━━━─ read  99 %");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_room_or_obeyed_by_a_terminal(
            name in "\\PC{0,40}|\u{1b}\\[31m.{0,9}|日本語{9}",
            numbers in any::<(u64, u64, u64, u64, u64)>(),
            seconds in prop::option::of(any::<u32>()),
            room in 0..120_usize,
        ) {
            let time = seconds.map(|seconds| Duration::from_secs(seconds.into()));
            let (put, waiting, per_second, read, of) = numbers;
            let input = seconds.map(|_| InputShare { read, of });
            let status = DataSetStatus { name, put, waiting, per_second, lag: time, input, next_tick: time };
            for line in Columns::default().lines(&[status], room) {
                prop_assert!(measure_text_width(&line) <= room, "{line:?} in {room}");
                prop_assert_eq!(terminal::line(&line), line.as_str());
            }
        }
    }
}
