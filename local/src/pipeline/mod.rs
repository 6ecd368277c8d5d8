//! What is kinflow's own about a run: its data sets, sources and sweeps, and the account of every record.

pub(crate) mod accounting;
pub(crate) mod bucket;
pub(crate) mod data_set;
pub(crate) mod delivery_progress;
pub(crate) mod folder;
pub(crate) mod ledger;
pub(crate) mod machine;
pub(crate) mod messages;
pub(crate) mod position;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod schedule;
pub(crate) mod source;
pub(crate) mod sweep;
pub(crate) mod task;
pub(crate) mod upload;
pub(crate) mod written;
