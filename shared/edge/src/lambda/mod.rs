//! The interface to Lambda: the loop that serves invocations, and the events that they bring.

pub mod events;

mod main;
mod runtime;

pub use main::main;
pub use runtime::{Invocation, InvocationError, RuntimeError, require_lambda, run};
