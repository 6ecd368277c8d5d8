//! Inference against tables as people have them, and its laws.

#![cfg(test)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::format_collect,
    clippy::needless_pass_by_value,
    clippy::struct_excessive_bools,
    reason = "a test may be plain where it costs nothing"
)]

mod laws;
mod no_tables;
mod questions;
mod support;
mod tables;
