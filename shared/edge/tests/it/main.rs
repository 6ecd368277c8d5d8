//! Edge against the world, one module a subject.

#![cfg(test)]

mod events;
mod http_sources;
mod kinesis_sink;
mod packing;
mod put_records;
mod s3_server;
mod secrets;
mod store;
mod store_contract;
