//! How an answer is printed: for people, or for programs.

use std::io::{self, Write as _};

use clap::ValueEnum;
use serde_json::Value;

use crate::terminal;

/// A form for people, or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Text,
    Json,
}

/// Prints an answer. If the reader has gone away, that is not an error.
pub(crate) fn say(output: Output, text: &str, json: &Value) {
    let mut out = io::stdout();
    let printed = match output {
        Output::Text => out.write_all(terminal::lines(text).as_bytes()),
        Output::Json => terminal::write_json_line(json.to_string().as_bytes(), &mut out),
    };
    printed.unwrap_or_default();
}
