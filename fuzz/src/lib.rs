//! Laws that hold for any input from outside, one module a subject.
//!
//! `cargo test -p fuzz` checks each on its seeds and on inputs near them; `fuzz/run.sh` lets libFuzzer look for inputs
//! where one does not hold.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::similar_names,
    clippy::needless_pass_by_value,
    reason = "a law that does not hold panics"
)]

pub mod chunk;
pub mod decoder;
pub mod enrich;
pub mod firehose_event;
pub mod inputs;
pub mod keywords;
pub mod kinesis_event;
pub mod kpl;
pub mod payload;
pub mod schema;
pub mod sentiment;
pub mod transform;
