//! `kinflow enrich`: sentiment and keywords of your own texts.

mod input;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::value::RawValue;
use text::{Analyzer, Keyword, KeywordOptions, KeywordStyle, Sentiment, language};
use thiserror::Error;

use crate::items::{ItemArguments, ItemError, Items};
use crate::terminal;
use input::{BadItem, Form, Input};

/// Scores texts: {"id","language","sentiment","keywords"} out, one JSON line a text.
///
/// A text is a line of a file, a cell of a CSV column (`--field review`), or the member `text` of JSON lines, which may
/// name its language as "language" or "lang" and have an "id"; else the line's number is its id. English is scored; for
/// any other language sentiment and keywords are null. The exit code is 1 where something was passed over.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// File of lines, CSV or JSON lines, or - for standard input
    file: PathBuf,

    #[command(flatten)]
    items: ItemArguments,

    /// What a key is
    #[arg(long, value_enum, default_value_t = Style::Auto)]
    keywords: Style,

    /// The most keywords of a text
    #[arg(long, default_value_t = 10)]
    top: usize,

    /// Give VADER's exact compound as the score, and VADER's label
    #[arg(long)]
    vader: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    /// Runs of words
    Phrases,
    /// Single words
    Words,
    /// Phrases, followed by single words for short texts
    Auto,
}

/// Why texts were not scored.
#[derive(Debug, Error)]
pub(crate) enum EnrichError {
    #[error("{} can't be opened", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Read(#[from] ItemError),
    #[error(transparent)]
    Bad(#[from] BadItem),
    #[error("the scores can't be written")]
    Write(#[from] io::Error),
}

#[derive(Serialize)]
struct Output<'a> {
    id: &'a RawValue,
    language: &'a str,
    sentiment: Option<Sentiment>,
    keywords: Option<Vec<Keyword<'a>>>,
}

/// Scores every text of the file, in order.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, EnrichError> {
    let path = &arguments.file;
    let input: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path).map_err(|source| EnrichError::Open { path: path.clone(), source })?;
        Box::new(BufReader::new(file))
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match enrich(input, &mut out, arguments) {
        // The reader had enough, as `head` does.
        Err(EnrichError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Ok(0) => Ok(ExitCode::SUCCESS),
        Ok(skipped) => {
            eprintln!("{skipped} passed over");
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error),
    }
}

/// Answers how many were passed over.
fn enrich(input: impl BufRead, out: &mut impl Write, arguments: &Arguments) -> Result<u64, EnrichError> {
    let mut analyzers = (Analyzer::new(), Analyzer::new());
    let ItemArguments { field, lines, skip_bad } = &arguments.items;
    let mut items = Items::open(input, field.as_deref())?;
    let (mut form, mut skipped) = (lines.then_some(Form::Lines), 0);
    loop {
        let read = match items.next() {
            Ok(None) => break,
            Ok(Some(item)) => {
                let form = *form.get_or_insert_with(|| Form::of(&items, &item));
                Input::of(item, form, field.as_deref()).map_err(EnrichError::from)
            }
            Err(error) if error.is_of_one_item() => Err(error.into()),
            Err(error) => return Err(error.into()),
        };
        match read {
            Ok(input) => write_line(&input, arguments, &mut analyzers, out)?,
            Err(error) if *skip_bad => {
                eprintln!("passed over: {}", terminal::line(&edge::logging::chain(&error)));
                skipped += 1;
            }
            Err(error) => return Err(error),
        }
    }
    out.flush()?;
    Ok(skipped)
}

/// Keywords borrow their analyzer, so sentiment uses another one.
fn write_line(
    input: &Input,
    arguments: &Arguments,
    (moods, keys): &mut (Analyzer, Analyzer),
    out: &mut impl Write,
) -> io::Result<()> {
    let language = language(&input.text, input.language.as_deref());
    let options = KeywordOptions { style: arguments.keywords.into(), top: arguments.top };
    let keywords = language.is_english().then(|| keys.keywords(&input.text, &options).collect());
    let sentiment = language.is_english().then(|| scored(moods, &input.text, arguments.vader));
    let output = Output { id: &input.id, language: language.code(), sentiment, keywords };
    terminal::write_json_line(&serde_json::to_vec(&output)?, out)
}

fn scored(analyzer: &mut Analyzer, text: &str, vader: bool) -> Sentiment {
    if vader { analyzer.vader(text).into() } else { analyzer.sentiment(text) }
}

impl From<Style> for KeywordStyle {
    fn from(style: Style) -> Self {
        match style {
            Style::Phrases => Self::Phrases,
            Style::Words => Self::Words,
            Style::Auto => Self::Auto,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(vader: bool) -> Arguments {
        let items = ItemArguments::default();
        Arguments { file: "-".into(), items, keywords: Style::Auto, top: 3, vader }
    }

    /// The ids and labels of what comes out, and how many were passed over.
    fn scores(input: &[u8], items: ItemArguments) -> (Vec<(String, String)>, u64) {
        let mut out = Vec::new();
        let skipped = enrich(input, &mut out, &Arguments { items, ..arguments(false) }).unwrap();
        let lines = String::from_utf8(out).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let found = lines.map(|line| (line["id"].to_string(), line["sentiment"]["label"].to_string()));
        (found.collect(), skipped)
    }

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|(id, label)| ((*id).to_owned(), format!("\"{label}\""))).collect()
    }

    #[test]
    fn plain_lines_cells_of_a_column_and_members_are_texts() {
        let expected = pairs(&[("1", "positive"), ("3", "negative")]);
        let none = ItemArguments::default;
        let lines = b"\xEF\xBB\xBFI love it, it is great!\n\nThis is a terrible, awful thing\n";
        assert_eq!(scores(lines, none()), (expected, 0));
        let column = ItemArguments { field: Some("review".to_owned()), ..none() };
        let csv = b"\xEF\xBB\xBFid;review\r\na1;I love it, it is great!\r\na2;\"This is a terrible,\nawful thing\"\r\n";
        assert_eq!(
            scores(csv, column.clone()),
            (pairs(&[("\"a1\"", "positive"), ("\"a2\"", "negative")]), 0)
        );
        let members = b"{\"review\":\"I love it, it is great!\"}\n";
        assert_eq!(scores(members, column), (pairs(&[("1", "positive")]), 0));
        let lines = ItemArguments { lines: true, ..none() };
        assert_eq!(scores(b"{I love it, it is great!}\n", lines).0, pairs(&[("1", "positive")]));
    }

    #[test]
    fn what_is_bad_is_passed_over_where_that_is_asked_for() {
        let items = ItemArguments { skip_bad: true, ..ItemArguments::default() };
        let input = b"{\"id\":7,\"text\":\"I love it, it is great!\"}\n[]\n{\"id\":8}\n\xFF\n";
        assert_eq!(scores(input, items), (pairs(&[("7", "positive")]), 3));
    }

    #[track_caller]
    fn check(line: &str, vader: bool, expected: &[(&str, &str)]) {
        let arguments = arguments(vader);
        let mut out = Vec::new();
        enrich(line.as_bytes(), &mut out, &arguments).unwrap();
        let output: serde_json::Value = serde_json::from_slice(&out).unwrap();
        for (pointer, value) in expected {
            assert_eq!(output.pointer(pointer).unwrap().to_string(), *value, "{pointer} of {output}");
        }
    }

    #[test]
    fn an_english_text_gets_a_label_and_keys_and_keeps_its_id() {
        let line = r#"{"id":7,"text":"I love the new coffee machine, it is great!"}"#;
        check(
            line,
            false,
            &[
                ("/id", "7"),
                ("/language", "\"en\""),
                ("/sentiment/label", "\"positive\""),
                ("/keywords/0/term", "\"coffee machine\""),
            ],
        );
    }

    #[test]
    fn the_exact_score_is_vaders() {
        let line = r#"{"id":"a","text":"VADER is smart, handsome, and funny.","lang":"en"}"#;
        let parts = [("/sentiment/compound", "0.8316"), ("/sentiment/positive", "0.746")];
        check(line, true, &[("/sentiment/label", "\"positive\""), ("/sentiment/score", "0.8316")]);
        check(line, true, &parts);
        check(line, false, &parts);
    }

    #[test]
    fn another_language_gets_null() {
        let line = r#"{"id":"a","text":"Das ist nicht gut","language":"de"}"#;
        check(line, false, &[("/language", "\"de\""), ("/sentiment", "null"), ("/keywords", "null")]);
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        let line = "{\"id\":\"\u{9b}31m\",\"text\":\"I love \u{9b}31mcolours\u{202e}!\"}";
        let arguments = arguments(false);
        let mut out = Vec::new();
        enrich(line.as_bytes(), &mut out, &arguments).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(r#""id":"\u009b31m""#) && !out.contains(['\u{9b}', '\u{202e}']), "{out:?}");
    }

    #[test]
    fn a_bad_line_is_named() {
        let arguments = arguments(false);
        let input = "{\"id\":1,\"text\":\"ok\"}\n[]\n";
        let error = enrich(input.as_bytes(), &mut Vec::new(), &arguments).unwrap_err();
        assert!(matches!(error, EnrichError::Bad(BadItem::NotAnObject { line: 2, .. })), "{error}");
    }
}
