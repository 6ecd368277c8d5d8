//! The event source mapping's lane: every documented rule, over made-up shards, functions and clocks.

mod batches;
mod endings;
mod rules;
mod run;
mod windows;
