//! Asks on a terminal what a sample leaves open.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use ::infer::Question;

use crate::terminal;

/// Asks each question. An empty answer chooses the likelier reading, and the end of the input does so for all
/// that are left.
pub(super) fn ask(
    questions: &[Question],
    answers: &mut impl BufRead,
    out: &mut impl Write,
) -> io::Result<BTreeMap<String, usize>> {
    let mut chosen = BTreeMap::new();
    for question in questions {
        writeln!(out, "{}", terminal::line(&format!("field {}: {}", question.field, question.text)))?;
        for (at, reading) in question.readings.iter().enumerate() {
            writeln!(out, "  {}  {}", at + 1, terminal::line(reading))?;
        }
        loop {
            write!(out, "which? [{}] ", question.chosen + 1)?;
            out.flush()?;
            let mut line = String::new();
            if answers.read_line(&mut line)? == 0 {
                return Ok(chosen);
            }
            let answer = line.trim();
            let number = if answer.is_empty() { Some(question.chosen + 1) } else { answer.parse().ok() };
            if let Some(number) = number.filter(|number| (1..=question.readings.len()).contains(number)) {
                chosen.insert(question.field.clone(), number - 1);
                break;
            }
            writeln!(out, "expected a number from 1 to {}", question.readings.len())?;
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_number_and_none_is_the_likelier_reading() {
        let question = |field: &str| Question {
            field: field.to_owned(),
            text: "`3/4/2026` has either the day or the month first".to_owned(),
            readings: vec!["day first".to_owned(), "month first".to_owned()],
            chosen: 1,
        };
        let questions = [question("a"), question("b"), question("c")];
        let mut out = Vec::new();
        let chosen = ask(&questions, &mut &b"7\n1\n\n"[..], &mut out).unwrap();
        assert_eq!(chosen, [("a".to_owned(), 0), ("b".to_owned(), 1)].into());
        assert!(String::from_utf8(out).unwrap().contains("expected a number from 1 to 2"));
    }
}
