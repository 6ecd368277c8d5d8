//! Time patterns of Java's `DateTimeFormatter`, as `!{timestamp:…}` accepts them, with English names as AWS
//! writes them.
//!
//! <https://docs.oracle.com/javase/8/docs/api/java/time/format/DateTimeFormatter.html>

use jiff::Zoned;
use jiff::civil::{Date, Weekday};
use jiff::tz::Offset;

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A letter and how often it is repeated, padded with spaces to this width.
    Field(char, usize, usize),
}

impl Pattern {
    /// Parses a pattern; `None` if it is not valid, or has a letter that is not supported here: `zzzz`, and
    /// those of later Java versions. The content of an optional section is always present, so its brackets
    /// have no effect.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mut parts, mut width, mut sections) = (Vec::new(), 0, 0_usize);
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '[' => sections += 1,
                ']' => sections = sections.checked_sub(1)?,
                '{' | '}' | '#' => return None,
                '\'' => parts.push(Part::Text(quoted(&mut letters)?)),
                letter if letter.is_ascii_alphabetic() => {
                    let run = run(letter, &mut letters);
                    if letter == 'p' && width == 0 {
                        width = run;
                        continue;
                    }
                    is_run(letter, run).then_some(())?;
                    parts.push(Part::Field(letter, run, std::mem::take(&mut width)));
                }
                letter => parts.push(Part::Text(letter.to_string())),
            }
            // Only a field may follow the padding.
            (width == 0).then_some(())?;
        }
        (width == 0).then_some(())?;
        Some(Self(parts))
    }

    pub(super) fn format(&self, time: &Zoned) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field(letter, run, width) => format!("{:>width$}", field(*letter, *run, time)),
        };
        self.0.iter().map(part).collect()
    }
}

/// How often a letter is repeated, of which the first was already taken.
fn run(letter: char, letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> usize {
    let mut run = 1;
    while letters.next_if_eq(&letter).is_some() {
        run += 1;
    }
    run
}

/// The text up to the closing quote. Two quotes stand for one.
fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    if letters.next_if_eq(&'\'').is_some() {
        return Some("'".to_owned());
    }
    let mut text = String::new();
    loop {
        match letters.next()? {
            '\'' if letters.next_if_eq(&'\'').is_none() => return Some(text),
            letter => text.push(letter),
        }
    }
}

/// Whether a letter may be repeated this often.
fn is_run(letter: char, run: usize) -> bool {
    let most = match letter {
        'u' | 'y' | 'Y' | 'A' | 'n' | 'N' => 19,
        'S' => 9,
        'G' | 'M' | 'L' | 'Q' | 'q' | 'E' | 'e' | 'Z' | 'X' | 'x' => 5,
        'D' | 'z' => 3,
        'd' | 'h' | 'K' | 'k' | 'H' | 'm' | 's' | 'w' => 2,
        'a' | 'W' => 1,
        'c' => return matches!(run, 1 | 3..=5),
        'V' => return run == 2,
        'O' => return matches!(run, 1 | 4),
        _ => 0,
    };
    run <= most
}

fn field(letter: char, run: usize, time: &Zoned) -> String {
    match letter {
        'G' | 'u' | 'y' | 'M' | 'L' | 'd' | 'D' | 'Q' | 'q' | 'Y' | 'w' | 'W' | 'E' | 'e' | 'c' => {
            date_field(letter, run, time.date())
        }
        'X' | 'x' | 'Z' | 'O' | 'V' | 'z' => zone_field(letter, run, time),
        _ => time_field(letter, run, time),
    }
}

fn date_field(letter: char, run: usize, date: Date) -> String {
    let from_sunday = date.weekday().to_sunday_zero_offset();
    match letter {
        'G' => text(run, "AD", "Anno Domini", "A"),
        'u' | 'y' => year(date.year(), run),
        'Y' => year(week_end(date).year(), run),
        'M' | 'L' if run > 2 => name(&date.strftime("%B").to_string(), run),
        'M' | 'L' => padded(date.month(), run),
        'Q' | 'q' => quarter((date.month() - 1) / 3 + 1, run),
        'd' => padded(date.day(), run),
        'D' => padded(date.day_of_year(), run),
        'w' => padded((week_end(date).day_of_year() - 1) / 7 + 1, run),
        'W' => {
            padded((date.day() - 1 + date.first_of_month().weekday().to_sunday_zero_offset()) / 7 + 1, run)
        }
        'e' | 'c' if run < 3 => padded(from_sunday + 1, run),
        _ => name(&date.strftime("%A").to_string(), run),
    }
}

fn time_field(letter: char, run: usize, time: &Zoned) -> String {
    let (hour, nanosecond) = (i64::from(time.hour()), i64::from(time.subsec_nanosecond()));
    let second_of_day = hour * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    match letter {
        'a' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        'h' => padded((hour + 11) % 12 + 1, run),
        'K' => padded(hour % 12, run),
        'k' => padded((hour + 23) % 24 + 1, run),
        'H' => padded(hour, run),
        'm' => padded(time.minute(), run),
        's' => padded(time.second(), run),
        'S' => format!("{nanosecond:09}").chars().take(run).collect(),
        'A' => padded(second_of_day * 1_000 + nanosecond / 1_000_000, run),
        'n' => padded(nanosecond, run),
        _ => padded(second_of_day * 1_000_000_000 + nanosecond, run),
    }
}

fn zone_field(letter: char, run: usize, time: &Zoned) -> String {
    let offset = time.offset();
    match (letter, run) {
        ('V', _) => time.time_zone().iana_name().unwrap_or("UTC").to_owned(),
        ('z', _) => time.strftime("%Z").to_string(),
        ('X', _) | ('Z', 5) if offset == Offset::UTC => "Z".to_owned(),
        ('O', _) | ('Z', 4) if offset == Offset::UTC => "GMT".to_owned(),
        ('O', 1) => format!("GMT{}", short_offset(offset)),
        ('O', _) | ('Z', 4) => format!("GMT{}", time.strftime("%:z")),
        ('X' | 'x', 1) if offset.seconds() % 3_600 == 0 => {
            time.strftime("%z").to_string().chars().take(3).collect()
        }
        ('X' | 'x', 1 | 2 | 4) | ('Z', 1..=3) => time.strftime("%z").to_string(),
        _ => time.strftime("%:z").to_string(),
    }
}

/// `+9`, `-3:30`.
fn short_offset(offset: Offset) -> String {
    let minutes = offset.seconds().abs() / 60;
    let sign = if offset.is_negative() { '-' } else { '+' };
    match minutes % 60 {
        0 => format!("{sign}{}", minutes / 60),
        rest => format!("{sign}{}:{rest:02}", minutes / 60),
    }
}

fn padded(number: impl Into<i64>, digits: usize) -> String {
    format!("{:0digits$}", number.into())
}

fn year(year: i16, run: usize) -> String {
    if run == 2 { padded(year.rem_euclid(100), 2) } else { padded(year, run) }
}

fn quarter(quarter: i8, run: usize) -> String {
    let ordinal = ["1st", "2nd", "3rd", "4th"].get(usize::from(quarter.unsigned_abs()) - 1).unwrap_or(&"");
    match run {
        1 | 5 => quarter.to_string(),
        2 => padded(quarter, 2),
        3 => format!("Q{quarter}"),
        _ => format!("{ordinal} quarter"),
    }
}

/// The name of a month or weekday: its first three letters, all of it, or one letter.
fn name(full: &str, run: usize) -> String {
    let letters = match run {
        4 => usize::MAX,
        5 => 1,
        _ => 3,
    };
    full.chars().take(letters).collect()
}

fn text(run: usize, short: &str, full: &str, narrow: &str) -> String {
    match run {
        4 => full,
        5 => narrow,
        _ => short,
    }
    .to_owned()
}

/// The Saturday of the date's week. In the United States a week begins on Sunday, and the first week of a
/// year contains January 1.
fn week_end(date: Date) -> Date {
    let days = i64::from(Weekday::Saturday.to_sunday_zero_offset() - date.weekday().to_sunday_zero_offset());
    date.checked_add(jiff::Span::new().days(days)).unwrap_or(date)
}

#[cfg(test)]
mod tests;
