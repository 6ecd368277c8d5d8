//! The pipeline as a whole: its architecture, its template, its endpoints, and runs from end to end.

#![cfg(test)]

mod architecture;
mod clients;
mod end_to_end;
mod killed_runner;
mod kinesis_endpoint;
mod put;
mod s3_endpoint;
#[path = "../shared/edge/tests/it/store_contract/mod.rs"]
mod store_contract;
mod template;
