//! What a record is: schemas and every wire format, without I/O, clock, environment or AWS.

mod codec;
mod generate;
pub mod keys;
pub mod layout;
pub mod made_up;
pub mod put_aside;
mod recipe;
mod schema;
mod wire;

pub use codec::{
    CsvColumns, CsvRow, NumberForm, OpenedPayload, Problem, RecordContext, RecordError, TextOf, Written,
    object_on_one_line, utc_with_millis,
};
pub use codec::{write_compact as write_compact_json, write_string as write_json_string};
pub use schema::{Dialect, FileFormat, Iceberg, Schema, SchemaError};
pub use wire::{Content, DecodeError, Decoder, Format, Limits, UserRecord, chunk, compress, hop, kpl};
