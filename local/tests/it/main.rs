//! The runner against the world, one module a subject.

#![cfg(test)]

mod lane;
mod pipeline;
mod refusals;
mod scene;
