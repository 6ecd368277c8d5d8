//! The runner against the world, one module a subject.

#![cfg(test)]
#![allow(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::large_stack_arrays,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    reason = "a test may be plain where it costs nothing"
)]

mod lane;
mod page;
mod pipeline;
mod refusals;
mod s3_headers;
mod scene;
mod schedules;
