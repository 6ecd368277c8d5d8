//! Kinesis Data Streams on one machine, for any SDK or the AWS CLI.
//!
//! Streams, shards and their life are ferrokinesis's. What it lacks is done in front of it, on its store:
//!
//! | file | what is ours, and why |
//! |---|---|
//! | `put` | `PutRecord`, `PutRecords`: 10 MiB a request and `UpdateMaxRecordSize` (it stops at 5 MiB and 1 MiB), arrival times in milliseconds, a number taken and its record written in one step |
//! | `get` | `GetRecords`: 10 MiB a read, `ChildShards` at a closed shard's end, `MillisBehindLatest` |
//! | `iterators` | `GetShardIterator`: a time behind the last record is the end of the shard, not its start |
//! | `listings` | `ListShards` with `ShardFilter` and `NextToken`, `ListStreams` with `NextToken` and 100 a page |
//! | `request` | `StreamARN` wherever AWS takes it |
//! | `retention` | a bound on memory: what every live reader is past goes first, then writers are throttled |
//!
//! Not like AWS: reads are not throttled, `DescribeStream` lists all shards at once, requests in CBOR (Java's default) get
//! ferrokinesis's limits and arrival times in whole seconds, and `SubscribeToShard` goes over HTTP/1.1 only.
//!
//! A request that is not in order is handed to ferrokinesis as it came: it has AWS's words for what is wrong with it.

mod endpoint;
mod gateway;
mod get;
mod iterators;
mod listings;
mod put;
mod request;
mod retention;
#[allow(dead_code, unused_imports, reason = "the endpoint is next to stand on it")]
mod store;
mod streams;

pub use endpoint::KinesisEndpoint;
pub use store::StreamStore;
