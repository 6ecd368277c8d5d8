//! Reads and writes records: delimited text or JSON to typed values, and typed values to JSON or delimited
//! text.

mod context;
mod csv_columns;
mod decimal;
mod document;
mod document_back;
mod error;
mod float;
mod html;
mod inputs;
mod instant;
mod integer;
mod iso8601;
mod json_number;
mod json_scan;
mod json_text;
mod local_time;
mod members;
mod number_form;
mod open_brackets;
mod opened;
mod path;
mod paths;
mod pattern;
mod pattern_slip;
mod payload;
mod records;
mod row;
mod row_end;
mod row_write;
mod text;
mod text_of;
mod time_grain;
mod time_pattern;
mod time_reader;
mod timestamp;
mod value;
mod words;

pub use context::{RecordContext, TextOf, Written};
pub use csv_columns::{CsvColumns, CsvRow};
pub use error::{Problem, RecordError};
pub use instant::utc_with_millis;
pub use number_form::NumberForm;
pub use opened::OpenedPayload;
pub use records::object_on_one_line;

pub(crate) use float::FloatRule;
pub(crate) use integer::{IntegerRule, write_integer};
pub use json_text::{write_compact, write_string};
pub(crate) use path::Path;
pub(crate) use paths::PathTree;
pub(crate) use pattern::Pattern;
pub(crate) use row::{Guard, RowForm};
pub(crate) use text::{BooleanRule, EnumRule, TextRule, bare};
pub(crate) use timestamp::{TimeFormat, TimestampRule};
pub(crate) use value::{Input, Value};
