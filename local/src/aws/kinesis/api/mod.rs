//! The Kinesis API over HTTP, on top of the store: every operation of the service's control and data plane.
//!
//! Signatures are checked for their form only. `SubscribeToShard` works over HTTP/1.1 only. A stream is
//! CREATING, UPDATING or DELETING for a hundredth of a second. Shards take and give as much as the machine
//! can, unless throttling is on ([`throttle`]), in which case they take and give as much as in AWS.

mod account;
mod check;
mod consumers;
mod describe;
mod error;
mod event_stream;
mod get;
mod iterator;
mod kinesis;
mod operations;
mod page;
mod put;
mod request;
mod reshard;
mod settings;
mod shards;
mod starting_position;
mod streams;
mod subscribe;
mod subscription;
mod tags;
mod target;
#[cfg(test)]
mod tests;
mod throttle;
mod wire;

pub(super) use request::router;
