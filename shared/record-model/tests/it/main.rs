//! The record model against the world, one module a subject.

#![cfg(test)]
#![allow(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::large_stack_arrays,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    reason = "a test may be plain where it costs nothing"
)]

mod compressed;
mod crime_rows;
mod decoder;
mod files;
mod generated;
mod kpl_interop;
mod kpl_vectors;
mod kpl_writer;
mod layout;
mod linear_time;
mod names;
mod one_record;
mod put_aside;
mod real_data;
mod schema_rules;
mod times;
