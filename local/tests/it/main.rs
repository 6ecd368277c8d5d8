//! The runner against the world, one module a subject.

#![cfg(test)]

mod pipeline;
mod refusals;
mod scene;
