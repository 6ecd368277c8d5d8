//! The producer's promises, with a stream and a bucket in memory.

#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

mod faults;
mod files;
mod leases;
mod progress;
mod refused;
mod slow;
mod stubborn_stream;
mod world;
