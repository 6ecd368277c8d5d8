//! `kinflow enrich`: sentiment and keywords of your own texts.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use text::{Analyzer, Keyword, KeywordOptions, KeywordStyle, Sentiment, language};
use thiserror::Error;

use crate::terminal;

/// The longest line that is read, in bytes.
const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// Scores texts: JSON lines {"id","text"} in, {"id","language","sentiment","keywords"} out.
///
/// A line may name its language as "language" or "lang". English is scored; for any other language sentiment and
/// keywords are null.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A file of JSON lines, or - for standard input
    file: PathBuf,

    /// Which kind of keywords to extract
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
    #[error("line {line} can't be read")]
    Read { line: u64, source: io::Error },
    #[error("line {line} is longer than {MAX_LINE_BYTES} bytes")]
    TooLong { line: u64 },
    #[error("line {line} is not a JSON object with an \"id\" and a \"text\"")]
    NotAnObject { line: u64, source: serde_json::Error },
    #[error("the scores can't be written")]
    Write(#[from] io::Error),
}

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    text: Cow<'a, str>,
    #[serde(borrow, default, alias = "lang")]
    language: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct Output<'a> {
    id: &'a RawValue,
    language: &'a str,
    sentiment: Option<Sentiment>,
    keywords: Option<Vec<Keyword<'a>>>,
}

/// Scores every line of the file, in order.
pub(crate) fn run(arguments: &Arguments) -> Result<(), EnrichError> {
    let path = &arguments.file;
    let input: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path).map_err(|source| EnrichError::Open { path: path.clone(), source })?;
        Box::new(BufReader::new(file))
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match enrich(input, &mut out, arguments) {
        // The reader of the output has seen enough, as `head` does.
        Err(EnrichError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn enrich(mut input: impl BufRead, out: &mut impl Write, arguments: &Arguments) -> Result<(), EnrichError> {
    let mut analyzers = (Analyzer::new(), Analyzer::new());
    let mut text = String::new();
    for line in 1.. {
        text.clear();
        let read = io::Read::take(&mut input, MAX_LINE_BYTES)
            .read_line(&mut text)
            .map_err(|source| EnrichError::Read { line, source })?;
        if read == 0 {
            break;
        }
        if read as u64 == MAX_LINE_BYTES && !text.ends_with('\n') {
            return Err(EnrichError::TooLong { line });
        }
        if text.trim().is_empty() {
            continue;
        }
        let input: Input<'_> =
            serde_json::from_str(&text).map_err(|source| EnrichError::NotAnObject { line, source })?;
        write_line(&input, arguments, &mut analyzers, out)?;
    }
    Ok(out.flush()?)
}

/// Keywords borrow their analyzer, so sentiment uses another one.
fn write_line(
    input: &Input<'_>,
    arguments: &Arguments,
    (moods, keys): &mut (Analyzer, Analyzer),
    out: &mut impl Write,
) -> io::Result<()> {
    let language = language(&input.text, input.language.as_deref());
    let options = KeywordOptions { style: arguments.keywords.into(), top: arguments.top };
    let keywords = language.is_english().then(|| keys.keywords(&input.text, &options).collect());
    let sentiment = language.is_english().then(|| scored(moods, &input.text, arguments.vader));
    let output = Output { id: input.id, language: language.code(), sentiment, keywords };
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

    #[track_caller]
    fn check(line: &str, vader: bool, expected: &[(&str, &str)]) {
        let arguments = Arguments { file: "-".into(), keywords: Style::Auto, top: 3, vader };
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
        let arguments = Arguments { file: "-".into(), keywords: Style::Auto, top: 3, vader: false };
        let mut out = Vec::new();
        enrich(line.as_bytes(), &mut out, &arguments).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(r#""id":"\u009b31m""#) && !out.contains(['\u{9b}', '\u{202e}']), "{out:?}");
    }

    #[test]
    fn a_bad_line_is_named() {
        let arguments = Arguments { file: "-".into(), keywords: Style::Auto, top: 3, vader: false };
        let input = "{\"id\":1,\"text\":\"ok\"}\n[]\n";
        let error = enrich(input.as_bytes(), &mut Vec::new(), &arguments).unwrap_err();
        assert!(matches!(error, EnrichError::NotAnObject { line: 2, .. }), "{error}");
    }
}
