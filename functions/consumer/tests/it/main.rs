//! The consumer against the world, one module a subject.

#![cfg(test)]

#[cfg(feature = "comprehend")]
mod comprehend;
mod contract;
mod delivery_model;
mod duckdb;
mod faults;
mod handler;
#[cfg(target_os = "linux")] // processes are found in /proc
mod processes;
