//! Aggregates over a tumbling window.

mod numbers;
mod state;
mod summary;

pub(crate) use state::WindowState;
