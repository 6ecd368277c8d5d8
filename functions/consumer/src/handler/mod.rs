//! The function itself: its settings, its event, and what one invocation reports.

mod consumer;
mod report;
mod settings;

pub use consumer::Consumer;
pub use settings::{Backend, Compression, ConsumerSettings, DeliveryLevel};
