//! From Kinesis records to output lines.

mod budget;
mod line;
mod line_writer;
mod lines;
mod preparer;
mod workers;

pub(crate) use budget::Budget;
pub(crate) use line_writer::Opened;
pub(crate) use lines::{Lines, Outcome, Piece, Stopped};
pub(crate) use preparer::Preparer;
pub(crate) use workers::Workers;
