//! This crate is empty. The benchmarks are in `src/bin`, `benches` and the scripts.
