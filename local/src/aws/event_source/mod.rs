//! The event source mapping from a Kinesis stream to a function: order, batches, retries, windows.

mod action;
mod batch;
mod input;
mod lane;
mod old;
mod on_failure;
mod retry;
mod settings;
mod window;

pub use action::{Action, Call, GivenUp, Response};
pub use input::{Answer, Input, Outcome};
pub use lane::{Lane, LaneRecord};
pub(crate) use old::{Destination, Mapping, MappingError};
pub use settings::LaneSettings;
pub use window::{Ending, MAX_STATE_BYTES, Window, WindowCall};
