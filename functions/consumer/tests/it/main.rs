//! The consumer against the world, one module a subject.

#![cfg(test)]

mod comprehend;
mod contract;
mod duckdb;
mod faults;
mod handler;
#[cfg(target_os = "linux")] // processes are found in /proc
mod processes;
