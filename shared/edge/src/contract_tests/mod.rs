//! The contracts of the ports, as suites that any implementation can run: one of kinflow's, or a stranger's own.
//!
//! They are compiled by the feature `contract-tests`, for tests alone:
//!
//! ```toml
//! [dev-dependencies]
//! edge = { …, features = ["contract-tests"] }
//! ```
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! edge::contract_tests::store::holds_for(&edge::store::InMemoryStore::new()).await;
//! edge::contract_tests::sink::holds_for(&edge::put_records::InMemorySink::with_shards(3)).await;
//! # });
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a rule that does not hold is told by a panic, as in any test"
)]

pub mod sink;
pub mod store;
