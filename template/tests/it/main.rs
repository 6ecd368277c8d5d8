//! The reader of templates from outside: shapes of public templates, and the law that nothing is swallowed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

mod applications;
mod nothing_is_swallowed;
mod public_shapes;
