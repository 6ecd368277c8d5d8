//! The function itself: its settings, its event, and what one invocation reports.

mod batch;
mod consumer;
mod event;
mod redrive;
mod report;
mod serve;
mod settings;

pub use consumer::Consumer;
pub use serve::serve;
pub use settings::{Backend, ConsumerSettings, DeliveryLevel};
