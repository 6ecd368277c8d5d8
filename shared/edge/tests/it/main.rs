//! Edge against the world, one module a subject.

#![cfg(test)]
#![allow(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::large_stack_arrays,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    reason = "a test may be plain where it costs nothing"
)]

mod dialects;
mod events;
mod http_sources;
mod kinesis_sink;
mod packing;
mod put_records;
mod record_sink;
mod s3_server;
mod secrets;
mod store;
