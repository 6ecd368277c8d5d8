//! `kinflow decode`: shows the content of a stream's records, one JSON line for each user record.

mod cells;
mod input;
mod line;
mod messages;

use edge::logging::chain;
use std::{
    error::Error,
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use record_model::{Content, Decoder, Limits, UserRecord};

use input::Record;
use line::Line;
pub(crate) use line::one_line_json;
use messages::Messages;

use crate::items::{ItemArguments, ItemError};
use crate::terminal;

/// Which bytes are decoded, and how their content is printed.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A Kinesis or Firehose event, an answer of `GetRecords`, an on-failure object of Lambda or Firehose, an
    /// object or file of records that kinflow put aside (`quarantine/`, `failed/<data set>/reasons/`,
    /// `*.quarantine.ndjson`), or the bytes of one record (an aggregate, gzip, zstd); `-` reads standard
    /// input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    items: ItemArguments,
    /// How a user record's data is printed
    #[arg(long, value_enum, default_value_t = DataForm::Text, value_name = "FORM")]
    data: DataForm,
}

/// How bytes become a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataForm {
    /// A string, in which bytes that are not UTF-8 become U+FFFD
    Text,
    /// A string in base64, which keeps all bytes
    Base64,
    /// The value itself if the data is JSON, otherwise a string
    Json,
}

/// Prints every user record; exit code 1 where one could not be opened. With `--lines` or `--field` each line, cell or
/// member is one record, in base64 or as it is.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let path = &arguments.file;
    let unreadable = |source| Unreadable { path: path.clone(), source };
    let printer = Printer::new(BufWriter::new(io::stdout().lock()), arguments.items.skip_bad);
    let decoded = if arguments.items.lines || arguments.items.field.is_some() {
        let input: Box<dyn BufRead> = if path.as_os_str() == "-" {
            Box::new(io::stdin().lock())
        } else {
            Box::new(BufReader::new(File::open(path).map_err(unreadable)?))
        };
        let field = arguments.items.field.as_deref();
        decode(cells::Records::open(input, field)?, arguments.data, printer)
    } else {
        let bytes = if path.as_os_str() == "-" { read_all(io::stdin()) } else { fs::read(path) };
        let records = input::records(&bytes.map_err(unreadable)?);
        decode(records.into_iter().map(Ok), arguments.data, printer)
    };
    match decoded {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::FAILURE),
        Err(DecodeError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
    }
}

/// Why no more records are printed.
#[derive(Debug, thiserror::Error)]
enum DecodeError {
    #[error("the records can't be written")]
    Write(#[from] io::Error),
    #[error(transparent)]
    Read(#[from] ItemError),
}

/// The input could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} can't be read", path.display())]
struct Unreadable {
    path: PathBuf,
    source: io::Error,
}

fn read_all(mut from: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether every record could be opened.
fn decode(
    records: impl Iterator<Item = Result<Record, ItemError>>,
    form: DataForm,
    mut printer: Printer<impl Write>,
) -> Result<bool, DecodeError> {
    let mut decoder = Decoder::new(Limits::default());
    let mut messages = Messages::default();
    for record in records {
        let record = record?;
        decoder.start_batch();
        let mut lines = Vec::new();
        let opened = match &record.data {
            Ok(data) => decoder
                .decode(data, &mut |user_record| lines.push(open(&record, user_record, form, &mut messages))),
            Err(error) => {
                printer.print(&Line::failed(&record, error.clone()))?;
                continue;
            }
        };
        match opened {
            Ok(()) => lines.iter().flatten().try_for_each(|line| printer.print(line))?,
            Err(error) => printer.print(&Line::failed(&record, chain(&error)))?,
        }
    }
    messages.into_incomplete().try_for_each(|line| printer.print(&line))?;
    printer.out.flush()?;
    Ok(printer.all_good)
}

/// The line of a user record; `None` for a piece of a message that is not complete yet.
fn open(
    record: &Record,
    user_record: UserRecord<'_>,
    form: DataForm,
    messages: &mut Messages,
) -> Option<Line> {
    let line = Line::of(record, &user_record);
    match user_record.content {
        Ok(Content::Payload(data)) => Some(line.with_data(data, form)),
        Ok(Content::Chunk(chunk)) => messages.add(&chunk, line, form),
        Err(error) => Some(line.with_error(chain(&error))),
    }
}

/// Writes lines, and notes whether one of them reported an error.
struct Printer<W> {
    out: W,
    all_good: bool,
    /// Whether an error is told on standard error, and is no line.
    skips_bad: bool,
}

impl<W: Write> Printer<W> {
    fn new(out: W, skips_bad: bool) -> Self {
        Self { out, all_good: true, skips_bad }
    }

    fn print(&mut self, line: &Line) -> io::Result<()> {
        self.all_good &= line.error.is_none();
        if let Some(error) = line.error.as_deref().filter(|_| self.skips_bad) {
            eprintln!("passed over: {}", terminal::line(error));
            return Ok(());
        }
        terminal::write_json_line(&serde_json::to_vec(line)?, &mut self.out)
    }
}

#[cfg(test)]
mod tests;
