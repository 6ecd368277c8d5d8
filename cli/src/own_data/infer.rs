//! `kinflow schema infer`: infers the schema of a file from its first rows.

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use ::infer::{Finding, Options, Question, RefusedRow, Sample};
use clap::Args;
use record_model::Schema;

use super::{LookArguments, ask, sample};
use crate::terminal;

/// How many refused rows and questions are reported one by one.
const TOLD: usize = 10;

/// Prints the schema of a file: how the file is written, and its fields, each with the evidence.
#[derive(Debug, Args)]
pub(crate) struct InferArguments {
    /// CSV with any delimiter, JSON lines or a JSON array, uncompressed or with gzip or zstd
    file: PathBuf,
    /// The data set's name; by default it is made from the file's name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    look: LookArguments,
}

/// What was found out about a file.
pub(crate) struct Look {
    file: PathBuf,
    pub(crate) schema: Schema,
    pub(crate) toml: String,
    rows: u64,
    typed: u64,
    refused: Vec<RefusedRow>,
    /// The questions that nobody answered.
    open: Vec<Question>,
}

/// Runs the command. The schema goes to standard output, and remarks about it to standard error.
pub(crate) fn run(arguments: &InferArguments) -> Result<(), Box<dyn Error>> {
    let look = Look::at(&arguments.file, arguments.name.clone(), &arguments.look)?;
    match io::stdout().write_all(look.toml.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
        written => written?,
    }
    look.tell();
    Ok(())
}

impl Look {
    /// Infers a file's schema, and asks open questions if somebody can answer.
    pub(crate) fn at(
        file: &Path,
        name: Option<String>,
        arguments: &LookArguments,
    ) -> Result<Self, Box<dyn Error>> {
        let shown = file.display();
        let read = sample::read(file, arguments.sample_bytes);
        let (bytes, is_whole) = read.map_err(|error| format!("{shown} can't be read: {error}"))?;
        let sample = Sample { bytes: &bytes, is_whole };
        let name = name.unwrap_or_else(|| Self::name_of(file));
        let mut options = Options { name, zone: arguments.zone.clone(), ..Options::default() };
        let of = |options: &Options| {
            let found = ::infer::infer(sample, options);
            found.map_err(|error| format!("{shown} {error}"))
        };
        let mut found: Finding = of(&options)?;
        let somebody = io::stdin().is_terminal() && io::stderr().is_terminal() && !arguments.yes;
        let mut open = std::mem::take(&mut found.questions);
        if somebody && !open.is_empty() {
            options.answers = ask::ask(&open, &mut io::stdin().lock(), &mut io::stderr())?;
            open.retain(|question| !options.answers.contains_key(&question.field));
            found = of(&options)?;
        }
        let Finding { schema, toml, rows, typed, refused, .. } = found;
        Ok(Self { file: file.to_owned(), schema, toml, rows, typed, refused, open })
    }

    /// The name of a file's data set.
    pub(crate) fn name_of(file: &Path) -> String {
        ::infer::data_set_name(&file.file_name().unwrap_or_default().to_string_lossy())
    }

    /// Reports on standard error how well the schema fits, and what it leaves open.
    pub(crate) fn tell(&self) {
        for line in self.lines() {
            eprintln!("{}", terminal::line(&line));
        }
    }

    fn lines(&self) -> Vec<String> {
        let file = self.file.display();
        let mut lines =
            vec![format!("{file}: {} of the {} rows in the sample fit this schema", self.typed, self.rows)];
        let refused = self.refused.iter().take(TOLD).map(|row| format!("line {}: {}", row.line, row.reason));
        lines.extend(refused);
        let more = self.refused.len().saturating_sub(TOLD);
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines.extend(self.open.iter().map(|question| {
            let reading = question.readings.get(question.chosen).map_or("", String::as_str);
            format!("field {}: {}: read as {reading}", question.field, question.text)
        }));
        lines
    }
}
