//! Mistakes in date patterns: a letter that means something else in Java's date letters gives another time.

use super::time_pattern::{Token, Unit};

/// Says that letters are not part of a date, and which letters were meant if that is obvious.
pub(super) fn unknown(letters: &str) -> String {
    let meant = match letters {
        "YYYY" => ": a year is `yyyy`",
        "YY" => ": a year of two digits is `yy`",
        "D" | "DD" => ": a day of the month is `dd`",
        "A" | "aa" | "AA" => ": AM and PM are `a`",
        "MMMM" => ": a month by its short name is `MMM`",
        _ => "",
    };
    format!("has `{letters}`, which is not part of a date{meant}")
}

/// What is wrong with a pattern that would read or write another time than was meant: it has a part twice, so
/// that one of the two is lost, or it lacks a part between two others.
pub(super) fn slip(tokens: &[Token]) -> Option<&'static str> {
    let count = |is: fn(&Token) -> bool| tokens.iter().filter(|token| is(token)).count();
    let [years, months, days, hours, minutes, seconds] =
        [Unit::Year, Unit::Month, Unit::Day, Unit::Hour, Unit::Minute, Unit::Second]
            .map(|unit| tokens.iter().filter(|token| token.unit() == Some(unit)).count());
    let month_behind_hour = tokens.windows(3).any(|parts| {
        let units = (parts.first().and_then(|part| part.unit()), parts.last().and_then(|part| part.unit()));
        units == (Some(Unit::Hour), Some(Unit::Month)) && parts.get(1) == Some(&Token::Literal(b':'))
    });
    if minutes == 0 && (months > 1 || month_behind_hour) {
        return Some("has the month where the minutes are: minutes are `mm`, and `MM` is the month");
    }
    if minutes > 1 && months == 0 {
        return Some("has the minutes twice: the month is `MM`, and `mm` is the minutes");
    }
    let offsets = count(|token| matches!(token, Token::Offset | Token::OffsetColon));
    let half_days = count(|token| *token == Token::HalfDay);
    let hours_of_half_days = count(|token| matches!(token, Token::Hour12(_)));
    let fractions = count(|token| matches!(token, Token::Fraction(_)));
    [
        (years > 1, "has the year twice"),
        (months > 1, "has the month twice"),
        (days > 1, "has the day twice"),
        (count(|token| *token == Token::Weekday) > 1, "has the weekday twice"),
        (hours > 1, "has the hour twice"),
        (half_days > 1, "has AM and PM twice"),
        (minutes > 1, "has the minutes twice"),
        (seconds > 1, "has the seconds twice"),
        (fractions > 1, "has the fraction of a second twice"),
        (offsets > 1, "has the offset twice"),
        (seconds > 0 && hours > 0 && minutes == 0, "has hours and seconds without minutes: they are `mm`"),
        (fractions > 0 && seconds == 0, "has a fraction without seconds: seconds are `ss`"),
        (
            hours_of_half_days > half_days,
            "has hours from 1 to 12 without `a` for AM and PM: hours from 0 to 23 are `HH`",
        ),
    ]
    .into_iter()
    .find(|(is_wrong, _)| *is_wrong)
    .map(|(_, why)| why)
}

impl Token {
    /// The part of a date that the token stands for, in any form.
    fn unit(self) -> Option<Unit> {
        match self {
            Self::Number(unit, _) => Some(unit),
            Self::ShortYear => Some(Unit::Year),
            Self::Hour12(_) => Some(Unit::Hour),
            Self::MonthName => Some(Unit::Month),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::local_time::LocalTime;
    use super::super::time_pattern::TimePattern;

    #[test]
    fn unknown_letters_are_named_and_the_ones_that_were_meant() {
        assert_eq!(TimePattern::compile("yyyy-QQ").unwrap_err(), "has `QQ`, which is not part of a date");
        assert_eq!(
            TimePattern::compile("YYYY-MM-dd").unwrap_err(),
            "has `YYYY`, which is not part of a date: a year is `yyyy`"
        );
    }

    #[test]
    fn a_pattern_that_would_read_another_time_than_was_meant_is_refused_with_the_letter_that_was_meant() {
        for (pattern, meant) in [
            ("dd.MM.yyyy HH:MM", "minutes are `mm`"),
            ("HH:MM", "minutes are `mm`"),
            ("dd.MM.yyyy HH:MM:ss", "minutes are `mm`"),
            ("dd.mm.yyyy HH:mm", "the month is `MM`"),
            ("yyyy-MM-dd HH:ss", "they are `mm`"),
            ("yyyy-MM-dd HH:mm:SS", "seconds are `ss`"),
            ("yyyy-MM-dd hh:mm", "are `HH`"),
            ("yyyy yy-MM-dd", "year twice"),
            ("dd MMM yyyy (MM) HH:mm", "month twice"),
            ("dd.MM.yyyy d", "day twice"),
            ("yyyy-MM-dd HH:mm h a", "hour twice"),
            ("HH:mm:ss s", "seconds twice"),
            ("HH:mm:ss.SSS SS", "fraction of a second twice"),
            ("HH:mm Z XXX", "offset twice"),
        ] {
            let refused = TimePattern::compile(pattern).unwrap_err();
            assert!(refused.contains(meant), "{pattern}: {refused}");
        }
        for pattern in ["yyyy/MM/dd/HH", "mm:ss", "HH", "EEE MMM dd HH:mm:ss Z yyyy", "h a", "H:mm a"] {
            assert!(TimePattern::compile(pattern).is_ok(), "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_pattern_that_is_taken_reads_every_part_that_it_writes(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "yyyy", "yy", "MM", "M", "MMM", "dd", "d", "HH", "H", "hh", "h", "mm", "m", "ss", "SSS", "a", "Z",
                ]),
                1..7,
            ),
            month in 1..13_u32, day in 1..29_u32, hour in 0..24_u32, minute in 0..60_u32, second in 0..60_u32,
        ) {
            let Ok(pattern) = TimePattern::compile(&parts.join(" ")) else { return Ok(()) };
            let local = LocalTime { year: 2026, month, day, hour, minute, second, nanosecond: 123_000_000 };
            let mut text = Vec::new();
            pattern.write(local, 0, &mut text);
            let read = pattern.parse(std::str::from_utf8(&text).unwrap()).unwrap().local;
            let has = |letters: &[char]| parts.iter().any(|part| part.starts_with(letters));
            let kept = |letters: &[char], number: u32, none: u32| if has(letters) { number } else { none };
            proptest::prop_assert_eq!(read.year, kept(&['y'], 2026, 1970));
            proptest::prop_assert_eq!(read.month, kept(&['M'], month, 1));
            proptest::prop_assert_eq!(read.day, kept(&['d'], day, 1));
            if has(&['H', 'h']) { proptest::prop_assert_eq!(read.hour, hour); }
            proptest::prop_assert_eq!(read.minute, kept(&['m'], minute, 0));
            proptest::prop_assert_eq!(read.second, kept(&['s'], second, 0));
        }
    }
}
