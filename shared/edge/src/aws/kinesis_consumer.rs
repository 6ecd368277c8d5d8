//! A registered consumer of a stream, to which each shard pushes its records (enhanced fan-out).
//!
//! A subscription to a shard ends after five minutes, or when its connection breaks; the next one begins after the last
//! number that the service named. The service documents HTTP/2 for this call. It is made over HTTP/1.1 here, as boto3 makes
//! it. <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::SdkError;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::primitives::event_stream::EventReceiver;
use aws_sdk_kinesis::types::error::SubscribeToShardEventStreamError;
use aws_sdk_kinesis::types::{
    ChildShard, ConsumerStatus, ShardIteratorType, StartingPosition, SubscribeToShardEvent,
    SubscribeToShardEventStream,
};
use tokio::time::{Instant, sleep, timeout};

use super::AwsSettings;
use super::kinesis_reader::{ATTEMPT_TIMEOUT, Page, ReaderError, Start, StreamReader, failed, record};
use super::sdk_config::sdk_config;

const SUBSCRIBE: &str = "SubscribeToShard";
const REGISTER: &str = "RegisterStreamConsumer";
const DESCRIBE: &str = "DescribeStreamConsumer";
const IN_USE: &str = "ResourceInUseException";
/// How long a new consumer is waited for. The service takes some seconds.
const ACTIVE_WITHIN: Duration = Duration::from_mins(2);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// The service sends something at least every five seconds, so after this time a connection is dead.
const SILENCE: Duration = Duration::from_secs(30);

type Subscription = EventReceiver<SubscribeToShardEventStream, SubscribeToShardEventStreamError>;

/// A consumer of one stream, with its subscriptions.
pub struct StreamConsumer {
    client: Client,
    reader: StreamReader,
    arn: String,
    /// Whether it was registered for this reader, and is nobody else's by now.
    is_own: AtomicBool,
    subscriptions: Mutex<HashMap<String, Subscription>>,
}

impl fmt::Debug for StreamConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamConsumer")
            .field("arn", &self.arn)
            .field("is_own", &self.is_own)
            .finish_non_exhaustive()
    }
}

/// Why a consumer can't be used; it is the source of a [`ReaderError::Failed`].
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(
        "another reader has taken over the subscription of this consumer: give each reader a consumer of its own"
    )]
    TakenOver,
    #[error("a reader with this consumer has subscribed to the shard in the last five seconds")]
    TooSoon,
    #[error("the consumer is not registered any more")]
    Deregistered,
    #[error("the consumer is {status} and not ACTIVE after {} s", ACTIVE_WITHIN.as_secs())]
    NotActive { status: String },
    #[error(
        "a stream has 20 consumers at most, and 5 are registered at once: `aws kinesis list-stream-consumers` shows them"
    )]
    TooMany,
}

impl StreamConsumer {
    /// Registers the consumer `name` of the stream, or takes the one that is registered, and waits until it is active.
    pub async fn register(aws: &AwsSettings, stream_arn: &str, name: &str) -> Result<Self, ReaderError> {
        let client = Client::new(&sdk_config(aws, aws.kinesis_endpoint_url.as_deref(), ATTEMPT_TIMEOUT));
        let call = client.register_stream_consumer().stream_arn(stream_arn).consumer_name(name);
        let registered = call.send().await.map_err(|error| failed(REGISTER, error));
        let is_new = match registered {
            Ok(_) => true,
            Err(ReaderError::Failed { code, .. }) if code == IN_USE => false,
            Err(ReaderError::Throttled { operation }) => {
                return Err(unusable(operation, "LimitExceededException", Unusable::TooMany));
            }
            Err(error) => return Err(error),
        };
        match active(&client, stream_arn, name).await {
            Ok(arn) => {
                let (reader, subscriptions) = (StreamReader::connect(aws), Mutex::default());
                Ok(Self { client, reader, arn, is_own: AtomicBool::new(is_new), subscriptions })
            }
            Err(error) => {
                if is_new {
                    let call = client.deregister_stream_consumer().stream_arn(stream_arn);
                    // The first error is the one to report.
                    let _ = call.consumer_name(name).send().await;
                }
                Err(error)
            }
        }
    }

    /// Whether it was registered by [`StreamConsumer::register`] and not before, and no other reader has taken it over.
    pub fn is_own(&self) -> bool {
        self.is_own.load(Ordering::Relaxed)
    }

    /// Deregisters it, which ends its subscriptions. Nothing is billed for it from then on.
    pub async fn deregister(&self) -> Result<(), ReaderError> {
        self.subscriptions().clear();
        let call = self.client.deregister_stream_consumer().consumer_arn(&self.arn);
        call.send().await.map_err(|error| failed("DeregisterStreamConsumer", error))?;
        Ok(())
    }

    /// Reads the stream in the other way, which is how its shards are listed.
    pub(crate) fn reader(&self) -> &StreamReader {
        &self.reader
    }

    /// Subscribes to a shard for five minutes, from a place on.
    pub(crate) async fn subscribe(&self, shard: &str, start: &Start<'_>) -> Result<(), ReaderError> {
        self.subscriptions().remove(shard);
        let call = self.client.subscribe_to_shard().consumer_arn(&self.arn).shard_id(shard);
        match call.starting_position(position(start)?).send().await.map_err(|error| failed(SUBSCRIBE, error))
        {
            Ok(answer) => {
                self.subscriptions().insert(shard.to_owned(), answer.event_stream);
                Ok(())
            }
            Err(ReaderError::Failed { operation, code, .. }) if code == IN_USE => Err(ReaderError::Failed {
                operation,
                code,
                is_retryable: true,
                source: Box::new(Unusable::TooSoon),
            }),
            Err(ReaderError::NotFound { operation }) => Err(self.not_found(operation).await),
            Err(error) => Err(error),
        }
    }

    /// What a shard pushes next; [`ReaderError::ExpiredIterator`] once it must be subscribed to again.
    pub(crate) async fn next(&self, shard: &str) -> Result<Page, ReaderError> {
        let subscription = self.subscriptions().remove(shard);
        let Some(mut subscription) = subscription else { return Err(ReaderError::ExpiredIterator) };
        let page = match timeout(SILENCE, subscription.recv()).await {
            Ok(Ok(Some(SubscribeToShardEventStream::SubscribeToShardEvent(event)))) => page(event),
            // An event of a kind that is not known yet.
            Ok(Ok(Some(_))) => Page { next_iterator: Some(String::new()), ..Page::default() },
            Ok(Err(SdkError::ServiceError(error)))
                if matches!(error.err(), SubscribeToShardEventStreamError::ResourceInUseException(_)) =>
            {
                self.is_own.store(false, Ordering::Relaxed);
                return Err(unusable(SUBSCRIBE, IN_USE, Unusable::TakenOver));
            }
            Ok(Ok(None) | Err(_)) | Err(_) => return Err(ReaderError::ExpiredIterator),
        };
        if page.next_iterator.is_some() {
            self.subscriptions().insert(shard.to_owned(), subscription);
        }
        Ok(page)
    }

    /// Whether it is the shard that is not there, or the consumer.
    async fn not_found(&self, operation: &'static str) -> ReaderError {
        let call = self.client.describe_stream_consumer().consumer_arn(&self.arn);
        match call.send().await.map_err(|error| failed(DESCRIBE, error)) {
            Err(ReaderError::NotFound { .. }) => {
                unusable(operation, "ResourceNotFoundException", Unusable::Deregistered)
            }
            _ => ReaderError::NotFound { operation },
        }
    }

    fn subscriptions(&self) -> MutexGuard<'_, HashMap<String, Subscription>> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until a consumer is active, and returns its ARN.
async fn active(client: &Client, stream_arn: &str, name: &str) -> Result<String, ReaderError> {
    let until = Instant::now() + ACTIVE_WITHIN;
    loop {
        let call = client.describe_stream_consumer().stream_arn(stream_arn).consumer_name(name);
        let answer = call.send().await.map_err(|error| failed(DESCRIBE, error))?;
        let absent = ReaderError::NotFound { operation: DESCRIBE };
        let found = answer.consumer_description.ok_or(absent)?;
        if found.consumer_status == ConsumerStatus::Active {
            return Ok(found.consumer_arn);
        }
        if Instant::now() >= until {
            let status = found.consumer_status.as_str().to_owned();
            return Err(unusable(REGISTER, "no end", Unusable::NotActive { status }));
        }
        sleep(LOOK_AGAIN).await;
    }
}

fn unusable(operation: &'static str, code: &str, source: Unusable) -> ReaderError {
    ReaderError::Failed { operation, code: code.to_owned(), is_retryable: false, source: Box::new(source) }
}

fn position(start: &Start<'_>) -> Result<StartingPosition, ReaderError> {
    let position = StartingPosition::builder();
    let position = match start {
        Start::TrimHorizon => position.r#type(ShardIteratorType::TrimHorizon),
        Start::Latest => position.r#type(ShardIteratorType::Latest),
        Start::At(number) => position.r#type(ShardIteratorType::AtSequenceNumber).sequence_number(*number),
        Start::After(number) => {
            position.r#type(ShardIteratorType::AfterSequenceNumber).sequence_number(*number)
        }
        Start::Timestamp(at_ms) => {
            position.r#type(ShardIteratorType::AtTimestamp).timestamp(DateTime::from_millis(*at_ms))
        }
    };
    position.build().map_err(|error| ReaderError::Failed {
        operation: SUBSCRIBE,
        code: "a request that can't be made".to_owned(),
        is_retryable: false,
        source: Box::<dyn Error + Send + Sync>::from(error),
    })
}

/// An event as if it were an answer of `GetRecords`. The last event of a closed shard names no number to continue after.
fn page(event: SubscribeToShardEvent) -> Page {
    let continues = Some(event.continuation_sequence_number).filter(|number| !number.is_empty());
    let children = event.child_shards.unwrap_or_default();
    Page {
        records: event.records.into_iter().map(record).collect(),
        next_iterator: continues.is_some().then(String::new),
        read_to: continues,
        millis_behind_latest: event.millis_behind_latest,
        children: children.into_iter().map(|ChildShard { shard_id, .. }| shard_id).collect(),
    }
}
