//! The record sink on Kinesis Data Streams, or on any server that speaks its protocol.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::types::{
    PutRecordsResultEntry, RecordDistributionStrategy, Shard, ShardFilter, ShardFilterType, StreamStatus,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use record_model::keys::{HashKeyRange, parse_hash_key};

use super::AwsSettings;
use super::error_class::Class;
use super::sdk_config::sdk_config;
use super::sdk_error::{Failure, failure};
use crate::put_records::{
    Entry, EntryOutcome, OpenShard, RecordSink, Refusal, ShardMap, SinkError, StreamIdentity, StreamSummary,
    request_body,
};

/// The time limit of one attempt. A full request is a few megabytes.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// One stream as a record sink. Clones share one connection pool.
#[derive(Debug, Clone)]
pub struct KinesisSink {
    client: Client,
    stream: String,
}

impl KinesisSink {
    /// Makes a client; no request is sent yet.
    pub fn connect(stream: &str, aws: &AwsSettings) -> Self {
        let config = sdk_config(aws, aws.kinesis_endpoint_url.as_deref(), ATTEMPT_TIMEOUT);
        Self { client: Client::new(&config), stream: stream.to_owned() }
    }
}

impl RecordSink for KinesisSink {
    async fn put(&self, entries: &[Entry]) -> Result<Vec<EntryOutcome>, SinkError> {
        let body = Bytes::from(request_body(&self.stream, entries));
        let call = self.client.put_records().stream_name(&self.stream).set_records(Some(Vec::new()));
        // The body is replaced before the request is signed, and everything else is the SDK's. If a version
        // of the SDK spoke another protocol than JSON, every test that puts records would notice.
        let call = call.customize().mutate_request(move |request| {
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body.clone());
        });
        let answer = call.send().await.map_err(failed)?;
        Ok(answer.records.into_iter().map(outcome).collect())
    }

    async fn shards(&self) -> Result<ShardMap, SinkError> {
        let open_only = ShardFilter::builder().r#type(ShardFilterType::AtLatest).build();
        let open_only = open_only.map_err(|error| SinkError::Fatal(error.into()))?;
        let mut call = self.client.list_shards().stream_name(&self.stream).shard_filter(open_only);
        let mut open = Vec::new();
        loop {
            let page = call.send().await.map_err(failed)?;
            open.extend(page.shards.unwrap_or_default().iter().filter_map(open_shard));
            let Some(token) = page.next_token else { return Ok(ShardMap::new(open)) };
            call = self.client.list_shards().next_token(token);
        }
    }

    async fn summary(&self) -> Result<StreamSummary, SinkError> {
        let call = self.client.describe_stream_summary().stream_name(&self.stream);
        let answer = call.send().await.map_err(failed)?;
        let Some(summary) = answer.stream_description_summary else {
            return Err(SinkError::Unavailable("the answer does not describe the stream".into()));
        };
        let kib = summary.max_record_size_in_kib.and_then(|kib| usize::try_from(kib).ok()).unwrap_or(1024);
        let strategy = summary.record_distribution_strategy;
        Ok(StreamSummary {
            takes_records: matches!(summary.stream_status, StreamStatus::Active | StreamStatus::Updating),
            max_record_bytes: kib * 1024,
            ignores_keys: strategy == Some(RecordDistributionStrategy::Auto),
            open_shards: usize::try_from(summary.open_shard_count).unwrap_or(0),
            identity: Some(StreamIdentity {
                arn: summary.stream_arn,
                created_at_ms: summary.stream_creation_timestamp.to_millis().unwrap_or(0),
            }),
        })
    }
}

/// An entry without an error code but also without a shard is not acknowledged.
fn outcome(entry: PutRecordsResultEntry) -> EntryOutcome {
    match (entry.error_code.as_deref(), entry.shard_id) {
        (None, Some(shard_id)) => EntryOutcome::Accepted { shard_id },
        (Some("ProvisionedThroughputExceededException"), _) => EntryOutcome::Refused(Refusal::Throttled),
        _ => EntryOutcome::Refused(Refusal::Internal),
    }
}

/// A closed shard has a last sequence number. Servers that ignore the filter list closed shards too.
fn open_shard(shard: &Shard) -> Option<OpenShard> {
    let is_open = shard.sequence_number_range.as_ref().is_none_or(|r| r.ending_sequence_number.is_none());
    let range = shard.hash_key_range.as_ref().filter(|_| is_open)?;
    let start = parse_hash_key(&range.starting_hash_key)?;
    let end = parse_hash_key(&range.ending_hash_key)?;
    Some(OpenShard { id: shard.shard_id.clone(), range: HashKeyRange { start, end } })
}

/// Classifies a failed call by what may help: time, another request, or a person.
#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failed<E>(error: SdkError<E>) -> SinkError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let Failure { class, code, message } = failure(&error, status);
    let told = code.map_or(message.clone(), |code| format!("{code}: {message}")).into();
    match class {
        Class::Retry | Class::Throttled => SinkError::Unavailable(told),
        Class::Invalid => SinkError::Invalid(told),
        Class::Denied => SinkError::Denied(told),
        Class::Fatal => SinkError::Fatal(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_entry_with_a_shard_and_no_error_is_acknowledged() {
        let entry = PutRecordsResultEntry::builder();
        let stored = entry.clone().shard_id("shardId-000000000001").sequence_number("1").build();
        assert_eq!(outcome(stored), EntryOutcome::Accepted { shard_id: "shardId-000000000001".into() });
        let throttled = entry.clone().error_code("ProvisionedThroughputExceededException").build();
        assert_eq!(outcome(throttled), EntryOutcome::Refused(Refusal::Throttled));
        for refused in [entry.clone().error_code("InternalFailure").build(), entry.build()] {
            assert_eq!(outcome(refused), EntryOutcome::Refused(Refusal::Internal));
        }
    }
}
