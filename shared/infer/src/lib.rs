//! What a file of records is, from a sample of its bytes: how it is written, and the schema of its records. Pure.
//!
//! The record model's own codecs judge every value, and the schema that comes out is tried on every row of the sample, so
//! what is guessed here and what is typed later can't disagree: a row either types or is named with its reason.

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

/// The first bytes of a file, unpacked where it is compressed.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'s> {
    /// As many as the caller wants looked at: time and memory grow with them.
    pub bytes: &'s [u8],
    /// Whether these are all of the file's. If not, the last row is cut off and passed over.
    pub is_whole: bool,
}

/// What is known of a file besides its bytes.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The data set's name; letters, digits, `_` and `-`, see [`data_set_name`].
    pub name: String,
    /// The zone of times that name none, by its name in the time zone database; UTC if none.
    pub zone: Option<String>,
    /// Which of a question's readings holds, by the question's field.
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

/// A name for a data set, from the name of its file: `Bestellungen 2025.csv.gz` is `bestellungen_2025`.
pub fn data_set_name(file_name: &str) -> String {
    let stem = file_name.split('.').find(|part| !part.is_empty()).unwrap_or_default();
    Some(names::slug(stem)).filter(|name| !name.is_empty()).unwrap_or_else(|| "records".to_owned())
}
