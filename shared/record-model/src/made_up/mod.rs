//! Made-up records of a schema: the same for the same seed, and none of anybody's.

mod bad;
mod random;
mod recipe;
mod words;

pub use bad::BadPayload;
pub(crate) use bad::payloads as bad_payloads;
pub(crate) use recipe::Recipe;

use crate::codec::{Input, RecordContext};
use crate::schema::Plan;
use random::Random;

/// Appends the `index`-th made-up payload for a seed.
pub(crate) fn write(plan: &Plan, seed: u64, index: u64, context: &RecordContext<'_>, out: &mut Vec<u8>) {
    let input = |field_index: usize, field: &crate::schema::Field| {
        let mut random = Random::new(seed, index, field_index as u64);
        Ok(match recipe::make(field, &mut random, context) {
            Some(text) => Input::Text(text.into()),
            None => Input::Missing,
        })
    };
    // A recipe that can't make a value of its field leaves the record empty; a test makes each one.
    let _ = plan.write_payload(input, context, out);
}
