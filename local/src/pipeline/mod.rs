//! The parts of a run that are kinflow's own: its data sets, sources and sweeps, and the account of every
//! record.

pub(crate) mod account;
pub(crate) mod at_work;
pub(crate) mod balance;
pub(crate) mod bucket;
pub(crate) mod data_set;
pub(crate) mod delivered;
pub(crate) mod endpoints;
pub(crate) mod folder;
pub(crate) mod id_hash;
pub(crate) mod input_share;
pub(crate) mod ledger;
pub(crate) mod machine;
pub(crate) mod messages;
pub(crate) mod progress;
pub(crate) mod refused;
pub(crate) mod report;
pub(crate) mod schedule;
pub(crate) mod second_look;
pub(crate) mod source;
pub(crate) mod status;
pub(crate) mod sweep;
pub(crate) mod takers;
pub(crate) mod task;
pub(crate) mod timeline;
pub(crate) mod upload;
pub(crate) mod written;
