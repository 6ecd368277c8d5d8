//! Lambda's side: the loop that serves invocations, and the events they bring.

pub mod events;

mod runtime;

pub use runtime::{Invocation, InvocationError, RuntimeError, require_lambda, run};
