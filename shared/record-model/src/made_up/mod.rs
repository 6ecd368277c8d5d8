//! Made-up records of a schema: the same seed always gives the same records, and they contain nobody's data.

mod bad;
mod value;

pub use bad::{BadPayload, bad_payloads};

use crate::Schema;
use crate::codec::{Input, RecordContext};
use crate::recipe::Random;
use crate::schema::Field;

/// Appends the `index`-th made-up payload for a seed, in the stream's form. The same seed, index and context
/// give the same bytes.
pub fn write(schema: &Schema, seed: u64, index: u64, context: &RecordContext<'_>, out: &mut Vec<u8>) {
    let input = |field_index: usize, field: &Field| {
        let mut random = Random::new(seed, index, field_index as u64);
        Ok(match value::make(field, &mut random, context) {
            Some(text) => Input::Text(text.into()),
            None => Input::Missing,
        })
    };
    // A recipe that can't make a value for its field would leave the record empty. A test makes a value by
    // each recipe.
    let _ = schema.plan().write_payload(input, context, out);
}
