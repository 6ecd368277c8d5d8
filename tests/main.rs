//! The pipeline as a whole: its architecture, its template, its endpoints, and runs from end to end.

#![cfg(test)]
#![allow(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::large_stack_arrays,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    reason = "a test may be plain where it costs nothing"
)]

mod alarms;
mod architecture;
mod check;
mod clients;
mod cookbook;
mod dist;
mod end_to_end;
mod estimate;
mod example_run;
mod follow;
mod killed_runner;
#[cfg(unix)]
mod killed_runs;
mod kinesis_endpoint;
mod kinesis_refusals;
mod opensearch;
mod options;
mod own_data;
mod page;
mod pipes;
mod projects;
mod put;
mod raw_copies;
mod redrive;
mod report_page;
mod roles;
mod runs;
mod s3_endpoint;
mod shapes;
mod stream_commands;
mod streams;
mod tables;
mod tail;
mod template;
mod terminal;
