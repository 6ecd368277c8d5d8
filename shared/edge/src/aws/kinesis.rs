//! The record sink on Kinesis Data Streams, or on any server that speaks its protocol.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{
    BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_kinesis::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::types::{
    PutRecordsResultEntry, RecordDistributionStrategy, Shard, ShardFilter, ShardFilterType, StreamStatus,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use record_model::keys::{HashKeyRange, parse_hash_key};

use crate::aws::AwsSettings;
use crate::aws::sdk_http::SdkHttp;
use crate::put_records::request_body;
use crate::put_records::{
    Entry, EntryOutcome, OpenShard, RecordSink, Refusal, ShardMap, SinkError, StreamSummary,
};

/// One try of one request; a full one is a few megabytes.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// One stream. Clones share one connection pool.
#[derive(Debug, Clone)]
pub struct KinesisSink {
    client: Client,
    stream: String,
}

impl KinesisSink {
    /// Makes a client; no request is sent yet.
    ///
    /// The SDK's own retries are off: they would send a whole request again where the engine sends
    /// the refused entries only.
    pub fn connect(stream: &str, aws: &AwsSettings) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
        let mut config = aws_sdk_kinesis::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(SdkHttp::new(aws.kinesis_endpoint_url.as_deref()))
            .region(Region::new(aws.region.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        if let Some(keys) = &aws.credentials {
            let (id, secret) = (keys.access_key_id.clone(), keys.secret_access_key.clone());
            let token = keys.session_token.clone();
            config = config.credentials_provider(Credentials::new(id, secret, token, None, "settings"));
        }
        config.set_endpoint_url(aws.kinesis_endpoint_url.clone());
        Self { client: Client::from_conf(config.build()), stream: stream.to_owned() }
    }
}

impl RecordSink for KinesisSink {
    async fn put(&self, entries: &[Entry]) -> Result<Vec<EntryOutcome>, SinkError> {
        let body = Bytes::from(request_body(&self.stream, entries));
        let call = self.client.put_records().stream_name(&self.stream).set_records(Some(Vec::new()));
        // Before the request is signed. All but the body is the SDK's: a version that speaks another protocol than
        // JSON is noticed by every test that puts records.
        let call = call.customize().mutate_request(move |request| {
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body.clone());
        });
        let answer = call.send().await.map_err(failure)?;
        Ok(answer.records.into_iter().map(outcome).collect())
    }

    async fn shards(&self) -> Result<ShardMap, SinkError> {
        let open_only = ShardFilter::builder().r#type(ShardFilterType::AtLatest).build();
        let open_only = open_only.map_err(|error| SinkError::Fatal(error.into()))?;
        let mut call = self.client.list_shards().stream_name(&self.stream).shard_filter(open_only);
        let mut open = Vec::new();
        loop {
            let page = call.send().await.map_err(failure)?;
            open.extend(page.shards.unwrap_or_default().iter().filter_map(open_shard));
            let Some(token) = page.next_token else { return Ok(ShardMap::new(open)) };
            call = self.client.list_shards().next_token(token);
        }
    }

    async fn summary(&self) -> Result<StreamSummary, SinkError> {
        let call = self.client.describe_stream_summary().stream_name(&self.stream);
        let answer = call.send().await.map_err(failure)?;
        let Some(summary) = answer.stream_description_summary else {
            return Err(SinkError::Unavailable("the answer describes no stream".into()));
        };
        let kib = summary.max_record_size_in_kib.and_then(|kib| usize::try_from(kib).ok()).unwrap_or(1024);
        let strategy = summary.record_distribution_strategy;
        Ok(StreamSummary {
            takes_records: matches!(summary.stream_status, StreamStatus::Active | StreamStatus::Updating),
            max_record_bytes: kib * 1024,
            ignores_keys: strategy == Some(RecordDistributionStrategy::Auto),
            open_shards: usize::try_from(summary.open_shard_count).unwrap_or(0),
        })
    }
}

/// An entry without an error code and without a shard is no acknowledgement either.
fn outcome(entry: PutRecordsResultEntry) -> EntryOutcome {
    match (entry.error_code.as_deref(), entry.shard_id) {
        (None, Some(shard_id)) => EntryOutcome::Accepted { shard_id },
        (Some("ProvisionedThroughputExceededException"), _) => EntryOutcome::Refused(Refusal::Throttled),
        _ => EntryOutcome::Refused(Refusal::Internal),
    }
}

/// A closed shard has its last sequence number; servers that know no filter list those too.
fn open_shard(shard: &Shard) -> Option<OpenShard> {
    let is_open = shard.sequence_number_range.as_ref().is_none_or(|r| r.ending_sequence_number.is_none());
    let range = shard.hash_key_range.as_ref().filter(|_| is_open)?;
    let start = parse_hash_key(&range.starting_hash_key)?;
    let end = parse_hash_key(&range.ending_hash_key)?;
    Some(OpenShard { id: shard.shard_id.clone(), range: HashKeyRange { start, end } })
}

/// Sorts a failed call by what may help: time, another request, or a person.
#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failure<E>(error: SdkError<E>) -> SinkError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let told = match error.as_service_error() {
        Some(service) => {
            let code = service.code().unwrap_or("no error code").to_owned();
            let message: String = service.message().unwrap_or_default().chars().take(300).collect();
            Told { kind: kind(&code, status), text: format!("{code}: {message}") }
        }
        None if matches!(error, SdkError::ConstructionFailure(_)) => {
            Told { kind: SinkError::Fatal, text: DisplayErrorContext(&error).to_string() }
        }
        None => Told { kind: SinkError::Unavailable, text: DisplayErrorContext(&error).to_string() },
    };
    (told.kind)(told.text.into())
}

struct Told {
    kind: fn(crate::BoxError) -> SinkError,
    text: String,
}

fn kind(code: &str, status: u16) -> fn(crate::BoxError) -> SinkError {
    match code {
        "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "KMSThrottlingException"
        | "ThrottlingException"
        | "InternalFailure"
        | "InternalFailureException" => SinkError::Unavailable,
        "InvalidArgumentException" | "ValidationException" | "SerializationException" => SinkError::Invalid,
        _ if status >= 500 || status == 429 => SinkError::Unavailable,
        _ if status == 413 => SinkError::Invalid,
        _ => SinkError::Fatal,
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

    #[test]
    fn failed_calls_are_sorted_by_what_may_help() {
        let sorted = |code, status| kind(code, status)("x".into());
        assert!(matches!(sorted("ProvisionedThroughputExceededException", 400), SinkError::Unavailable(_)));
        assert!(matches!(sorted("UnheardOf", 503), SinkError::Unavailable(_)));
        assert!(matches!(sorted("ValidationException", 400), SinkError::Invalid(_)));
        assert!(matches!(sorted("ResourceNotFoundException", 400), SinkError::Fatal(_)));
        assert!(matches!(sorted("AccessDeniedException", 400), SinkError::Fatal(_)));
    }
}
