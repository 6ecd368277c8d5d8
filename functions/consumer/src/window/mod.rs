//! Aggregates over a tumbling window.

mod numbers;
mod state;

pub(crate) use state::WindowState;
