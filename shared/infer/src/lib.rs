//! Finds out from a sample of a file's bytes how the file is written, and which schema its records have.
//! Pure.
//!
//! The record model's own codecs judge every value, and the resulting schema is tried on every row of the
//! sample. The guesses here and the later typing therefore can't disagree: each row is either typed or named
//! with the reason why not.

mod column;
mod csv_rows;
mod finding;
mod header;
mod json_fields;
mod json_rows;
mod kinds;
mod looks;
mod names;
mod probe;
mod roles;
mod rows;
mod sniff;
mod text;
mod times;
mod trial;
mod write;

use std::collections::BTreeMap;

pub use finding::{Finding, NoTable, Question, RefusedRow};

/// The first bytes of a file, decompressed if it is compressed.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'s> {
    /// As many bytes as the caller wants analysed. Time and memory grow with them.
    pub bytes: &'s [u8],
    /// Whether these are all bytes of the file. If not, the last row is cut off and is ignored.
    pub is_whole: bool,
}

/// What is known about a file besides its bytes.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The data set's name, of letters, digits, `_` and `-`; see [`data_set_name`].
    pub name: String,
    /// The zone of times that name none, by its name in the time zone database; `None` means UTC.
    pub zone: Option<String>,
    /// The chosen reading of each question, by the question's field.
    pub answers: BTreeMap<String, usize>,
}

/// Infers how a file is written and the schema of its records.
///
/// # Errors
///
/// [`NoTable`], where the bytes are not records that can be read, with what they look like.
pub fn infer(sample: Sample<'_>, options: &Options) -> Result<Finding, NoTable> {
    let text = text::decode(&sample)?;
    let rows = rows::read(&text, sample.is_whole)?;
    trial::settle(&rows, sample.is_whole, options)
}

/// Makes a name for a data set from the name of its file: `Bestellungen 2025.csv.gz` gives
/// `bestellungen_2025`.
pub fn data_set_name(file_name: &str) -> String {
    let stem = file_name.split('.').find(|part| !part.is_empty()).unwrap_or_default();
    Some(names::slug(stem)).filter(|name| !name.is_empty()).unwrap_or_else(|| "records".to_owned())
}
