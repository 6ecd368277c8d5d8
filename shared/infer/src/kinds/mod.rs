//! Guesses the type of a column's values, as the codecs judge them.

mod booleans;
mod instants;
mod numbers;
mod strings;
mod whole;

use record_model::NumberForm;

use crate::Options;
use crate::column::{Misfits, Values};
use crate::probe::Probe;
use crate::rows::Column;
use crate::times::Order;

/// A type, with what a schema says about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Text { trim: bool },
    Integer(NumberForm),
    Float(NumberForm),
    Boolean { yes: Vec<String>, no: Vec<String> },
    Time { formats: Vec<String>, has_clock: bool },
    Enum(Vec<String>),
}

/// The type that was guessed for a column, and why.
#[derive(Debug, Clone)]
pub(crate) struct Guess {
    pub(crate) kind: Kind,
    /// How many rows have a value, and how many don't.
    pub(crate) values: usize,
    pub(crate) without: usize,
    /// The words that mean "no value".
    pub(crate) nulls: Vec<String>,
    pub(crate) misfits: Misfits,
    /// Further remarks about the column.
    pub(crate) notes: Vec<String>,
    pub(crate) open: Option<Open>,
    /// The order of day and month, if a value of this column proves it.
    pub(crate) order: Option<Order>,
}

/// A column that can be read in two ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) text: String,
    pub(crate) readings: Vec<String>,
    pub(crate) chosen: usize,
}

/// What other columns and the caller say.
pub(crate) struct Context<'o> {
    pub(crate) options: &'o Options,
    /// Whether the file is CSV. In JSON, numbers are known as such.
    pub(crate) is_csv: bool,
    /// Whether commas separate cells, so that numbers use points.
    pub(crate) comma_between: bool,
    /// How other columns write their numbers.
    pub(crate) numbers: Option<NumberForm>,
    /// The order of day and month in other columns.
    pub(crate) order: Option<Order>,
}

impl Context<'_> {
    /// The reading that the caller chose for a field, if it is one of this many.
    fn answer(&self, field: &str, readings: usize) -> Option<usize> {
        self.options.answers.get(field).copied().filter(|&answer| answer < readings)
    }
}

/// The types that need no keys. They are tried on every column.
pub(crate) struct Probes {
    integer: Probe,
    float: Probe,
    iso8601: Probe,
}

impl Probes {
    pub(crate) fn new() -> Option<Self> {
        let iso8601 = Probe::new("type = \"timestamp\"\nformats = [\"iso8601\"]")?;
        let (integer, float) = (Probe::new("type = \"integer\"")?, Probe::new("type = \"float\"")?);
        Some(Self { integer, float, iso8601 })
    }
}

/// Guesses the type of a column's values in this many rows.
pub(crate) fn guess(
    column: &Column<'_>,
    name: &str,
    rows: usize,
    context: &Context<'_>,
    probes: &mut Probes,
) -> Guess {
    let typed = Values::of(column, rows, true);
    let found = booleans::guess(&typed, name, context)
        .or_else(|| numbers::guess(&typed, name, context, probes))
        .or_else(|| instants::guess(&typed, name, context, probes));
    if let Some(guess) = found {
        return guess;
    }
    strings::guess(&Values::of(column, rows, false))
}

impl Guess {
    /// A guess without doubt.
    fn new(kind: Kind, values: &Values<'_>) -> Self {
        Self {
            kind,
            values: values.all.len(),
            without: values.without,
            nulls: values.nulls.clone(),
            misfits: Misfits::default(),
            notes: Vec::new(),
            open: None,
            order: None,
        }
    }

    fn noting(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The form of its numbers, if it has numbers.
    pub(crate) fn numbers(&self) -> Option<NumberForm> {
        match self.kind {
            Kind::Integer(form) | Kind::Float(form) => Some(form),
            _ => None,
        }
    }
}
