//! The transform against the world, one module a subject.

#![cfg(test)]

mod contract;
mod failures;
mod forms;
mod made_up;
mod odd_rows;
mod process;
mod reingest;
