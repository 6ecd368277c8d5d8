//! Nothing: what is measured lies beside, in `src/bin`, `benches` and the scripts.
