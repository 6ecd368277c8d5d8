//! What was found out about a file.

use record_model::Schema;

/// A file's schema, and how it was tried on the sample.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The schema, ready for use.
    pub schema: Schema,
    /// The same as a schema file, each guess with its evidence.
    pub toml: String,
    /// Rows of the sample.
    pub rows: u64,
    /// Rows that the schema types.
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

/// Something that the sample can be read as in two ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The field concerned, by its name in the schema.
    pub field: String,
    /// What is asked, with an example.
    pub text: String,
    /// What it may be.
    pub readings: Vec<String>,
    /// Which of them the schema has.
    pub chosen: usize,
}

/// Why bytes are no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTable {
    /// There is nothing in the file.
    #[error("is empty, expected rows")]
    Empty,
    /// It is something else.
    #[error("looks like {0}, expected CSV, JSON lines or a JSON array of objects")]
    LooksLike(String),
    /// What was inferred is not a schema: a fault of this crate, told rather than hidden.
    #[error("has no schema that can be written: {0}")]
    NoSchema(String),
}
