//! Lambda's side: the loop that serves invocations, and the events they bring.

pub mod events;

mod main;
mod runtime;

pub use main::main;
pub use runtime::{Invocation, InvocationError, RuntimeError, require_lambda, run};
