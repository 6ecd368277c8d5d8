//! Every operation by its name, except `SubscribeToShard`, whose answer does not end.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::kinesis::Kinesis;
use super::wire::Format;
use super::{account, consumers, describe, get, iterator, put, reshard, settings, shards, streams, tags};

/// A request whose operation is known.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) kinesis: &'a Arc<Kinesis>,
    pub(super) format: Format,
    pub(super) body: &'a [u8],
}

type Done = Result<Vec<u8>, ApiError>;

impl Call<'_> {
    fn read<Q: DeserializeOwned>(self) -> Result<Q, ApiError> {
        self.format.read(self.body)
    }

    /// An operation with an answer.
    fn answer<Q: DeserializeOwned, A: Serialize>(
        self,
        operation: impl FnOnce(&Kinesis, Q) -> Result<A, ApiError>,
    ) -> Done {
        self.format.write(&operation(self.kinesis, self.read()?)?)
    }

    /// Does the same for an operation that only borrows its request.
    fn tell<Q: DeserializeOwned, A: Serialize>(
        self,
        operation: impl FnOnce(&Kinesis, &Q) -> Result<A, ApiError>,
    ) -> Done {
        self.answer(|kinesis, request| operation(kinesis, &request))
    }

    /// An operation whose answer is empty.
    fn act<Q: DeserializeOwned>(self, operation: impl FnOnce(&Kinesis, Q) -> Result<(), ApiError>) -> Done {
        operation(self.kinesis, self.read()?).map(|()| Vec::new())
    }

    /// Does the same for an operation that only borrows its request.
    fn make<Q: DeserializeOwned>(self, operation: impl FnOnce(&Kinesis, &Q) -> Result<(), ApiError>) -> Done {
        self.act(|kinesis, request| operation(kinesis, &request))
    }
}

/// Finds the operation with a name.
pub(super) fn operation(name: &str) -> Option<Operation> {
    OPERATIONS.iter().find(|(known, _)| *known == name).map(|(_, operation)| *operation)
}

pub(super) type Operation = fn(Call<'_>) -> Done;

const OPERATIONS: &[(&str, Operation)] = &[
    ("AddTagsToStream", |call| call.act(tags::add_tags)),
    ("CreateStream", |call| call.act(streams::create_stream)),
    ("DecreaseStreamRetentionPeriod", |call| call.make(settings::decrease_retention)),
    ("DeleteResourcePolicy", |call| call.make(account::delete_resource_policy)),
    ("DeleteStream", |call| streams::delete_stream(call.kinesis, &call.read()?).map(|()| Vec::new())),
    ("DeregisterStreamConsumer", |call| call.make(consumers::deregister_consumer)),
    ("DescribeAccountSettings", |call| call.tell(account::describe_account_settings)),
    ("DescribeLimits", |call| call.tell(account::describe_limits)),
    ("DescribeStream", |call| call.tell(describe::describe_stream)),
    ("DescribeStreamConsumer", |call| call.tell(consumers::describe_consumer)),
    ("DescribeStreamSummary", |call| call.tell(describe::describe_stream_summary)),
    ("DisableEnhancedMonitoring", |call| call.answer(settings::disable_monitoring)),
    ("EnableEnhancedMonitoring", |call| call.answer(settings::enable_monitoring)),
    ("GetRecords", |call| call.tell(get::get_records)),
    ("GetResourcePolicy", |call| call.tell(account::get_resource_policy)),
    ("GetShardIterator", |call| call.answer(iterator::get_shard_iterator)),
    ("IncreaseStreamRetentionPeriod", |call| call.make(settings::increase_retention)),
    ("ListShards", |call| call.tell(shards::list_shards)),
    ("ListStreamConsumers", |call| call.tell(consumers::list_consumers)),
    ("ListStreams", |call| call.answer(streams::list_streams)),
    ("ListTagsForResource", |call| call.tell(tags::list_tags)),
    ("ListTagsForStream", |call| call.tell(tags::list_tags)),
    ("MergeShards", |call| call.make(reshard::merge_shards)),
    ("PutRecord", |call| call.answer(put::put_record)),
    ("PutRecords", |call| call.tell(put::put_records)),
    ("PutResourcePolicy", |call| call.act(account::put_resource_policy)),
    ("RegisterStreamConsumer", |call| call.answer(consumers::register_consumer)),
    ("RemoveTagsFromStream", |call| call.act(tags::remove_tags)),
    ("SplitShard", |call| call.make(reshard::split_shard)),
    ("StartStreamEncryption", |call| call.act(settings::start_encryption)),
    ("StopStreamEncryption", |call| call.make(settings::stop_encryption)),
    ("TagResource", |call| call.act(tags::add_tags)),
    ("UntagResource", |call| call.act(tags::remove_tags)),
    ("UpdateAccountSettings", |call| call.tell(account::update_account_settings)),
    ("UpdateMaxRecordSize", |call| call.make(settings::update_max_record_size)),
    ("UpdateShardCount", |call| call.tell(reshard::update_shard_count)),
    ("UpdateStreamMode", |call| call.make(settings::update_stream_mode)),
    ("UpdateStreamWarmThroughput", |call| call.tell(settings::update_warm_throughput)),
];
