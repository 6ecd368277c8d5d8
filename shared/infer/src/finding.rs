//! What was found out about a file.

use record_model::Schema;

/// A file's schema, and how well it fits the sample.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The schema, ready for use.
    pub schema: Schema,
    /// The same as a schema file, with the evidence for each guess.
    pub toml: String,
    /// How many rows the sample has.
    pub rows: u64,
    /// How many rows the schema accepts.
    pub typed: u64,
    /// Every row that it refuses, in the file's order.
    pub refused: Vec<RefusedRow>,
    /// What the sample leaves open, with the reading that was taken.
    pub questions: Vec<Question>,
}

/// A row that the schema refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Why, without the row's text.
    pub reason: String,
}

/// A column of the sample that can be read in two ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The field concerned, by its name in the schema.
    pub field: String,
    /// The question, with an example.
    pub text: String,
    /// The possible readings.
    pub readings: Vec<String>,
    /// The index of the reading that the schema has.
    pub chosen: usize,
}

/// Why bytes are not a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTable {
    /// The file is empty.
    #[error("is empty, expected rows")]
    Empty,
    /// The file is something else.
    #[error("looks like {0}, expected CSV, JSON lines or a JSON array of objects")]
    LooksLike(String),
    /// What was inferred is not a valid schema. This is a fault of this crate, which is reported and not
    /// hidden.
    #[error("could not be given a valid schema, which is a fault of kinflow: {0}")]
    NoSchema(String),
}
