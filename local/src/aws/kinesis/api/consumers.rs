//! Consumers with enhanced fan-out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use template::ACCOUNT;

use super::check::Checks;
use super::error::{ApiError, IN_USE, LIMIT_EXCEEDED, NOT_FOUND};
use super::kinesis::{Kinesis, now};
use super::page::{read_token, token};
use super::target::{Resource, Target, consumer_arn, stream_arn};
use super::wire::Timestamp;
use crate::aws::kinesis::store::Consumer;

const MAX_CONSUMERS: usize = 20;
const MAX_RESULTS: i64 = 10_000;
const DEFAULT_RESULTS: i64 = 100;
/// How long a consumer is CREATING.
const CREATION_MS: u64 = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegisterConsumer {
    #[serde(flatten)]
    target: Target,
    consumer_name: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegisterConsumerAnswer {
    consumer: ConsumerAnswer,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
struct ConsumerAnswer {
    consumer_name: String,
    #[serde(rename = "ConsumerARN")]
    consumer_arn: String,
    consumer_status: &'static str,
    consumer_creation_timestamp: Timestamp,
}

impl ConsumerAnswer {
    fn of(stream: &str, name: &str, consumer: &Consumer) -> Self {
        let is_new = now().0.saturating_sub(consumer.created_ms) < CREATION_MS;
        Self {
            consumer_name: name.to_owned(),
            consumer_arn: consumer_arn(stream, name, consumer.created_ms),
            consumer_status: if is_new { "CREATING" } else { "ACTIVE" },
            consumer_creation_timestamp: Timestamp(consumer.created_ms),
        }
    }
}

pub(super) fn register_consumer(
    kinesis: &Kinesis,
    request: RegisterConsumer,
) -> Result<RegisterConsumerAnswer, ApiError> {
    let mut checks = Checks::default();
    checks.required(request.target.stream_arn.as_ref(), "streamARN");
    checks.required(request.consumer_name.as_ref(), "consumerName");
    checks.name(request.consumer_name.as_ref(), "consumerName");
    checks.end()?;
    let (stream, name) = (request.target.name()?, request.consumer_name.unwrap_or_default());
    let consumer = Consumer { created_ms: now().0, tags: request.tags.unwrap_or_default(), policy: None };
    let answer = ConsumerAnswer::of(stream, &name, &consumer);
    kinesis.changeable(stream)?.change(|description, _| {
        if description.consumers.contains_key(&name) {
            let message = format!("Consumer {name} under stream {} already exists.", stream_arn(stream));
            return Err(ApiError::new(IN_USE, message));
        }
        if description.consumers.len() >= MAX_CONSUMERS {
            let message = format!(
                "Stream {stream} under account {ACCOUNT} has reached its limit of {MAX_CONSUMERS} registered consumers."
            );
            return Err(ApiError::new(LIMIT_EXCEEDED, message));
        }
        description.consumers.insert(name, consumer);
        Ok(())
    })?;
    Ok(RegisterConsumerAnswer { consumer: answer })
}

/// A consumer by its ARN, or by its stream's and its name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneConsumer {
    #[serde(flatten)]
    target: Target,
    consumer_name: Option<String>,
    #[serde(rename = "ConsumerARN")]
    consumer_arn: Option<String>,
}

impl OneConsumer {
    fn read(&self) -> Result<(&str, &str), ApiError> {
        if let Some(arn) = &self.consumer_arn {
            return match Resource::of(arn)? {
                Resource::Consumer(stream, consumer) => Ok((stream, consumer)),
                Resource::Stream(_) => Err(not_found(arn)),
            };
        }
        let name = self.consumer_name.as_deref().ok_or_else(|| {
            ApiError::invalid("Either ConsumerARN, or StreamARN and ConsumerName must be provided.")
        })?;
        Ok((self.target.name()?, name))
    }
}

fn not_found(consumer: &str) -> ApiError {
    ApiError::new(NOT_FOUND, format!("Consumer {consumer} under account {ACCOUNT} not found."))
}

pub(super) fn deregister_consumer(kinesis: &Kinesis, request: &OneConsumer) -> Result<(), ApiError> {
    let (stream, name) = request.read()?;
    kinesis.stream(stream)?.change(|description, _| {
        let removed = description.consumers.remove(name);
        removed.map(drop).ok_or_else(|| not_found(name))
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeConsumerAnswer {
    consumer_description: ConsumerDescription,
}

#[derive(Serialize)]
struct ConsumerDescription {
    #[serde(flatten)]
    consumer: ConsumerAnswer,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
}

pub(super) fn describe_consumer(
    kinesis: &Kinesis,
    request: &OneConsumer,
) -> Result<DescribeConsumerAnswer, ApiError> {
    let (stream, name) = request.read()?;
    let consumer = kinesis.stream(stream)?.with(|description| {
        let found = description.consumers.get(name);
        found.map(|consumer| ConsumerAnswer::of(stream, name, consumer)).ok_or_else(|| not_found(name))
    })?;
    Ok(DescribeConsumerAnswer {
        consumer_description: ConsumerDescription { consumer, stream_arn: stream_arn(stream) },
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListConsumers {
    #[serde(flatten)]
    target: Target,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListConsumersAnswer {
    consumers: Vec<ConsumerAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// Lists a stream's consumers by name.
pub(super) fn list_consumers(
    kinesis: &Kinesis,
    request: &ListConsumers,
) -> Result<ListConsumersAnswer, ApiError> {
    let mut checks = Checks::default();
    checks.required(request.target.stream_arn.as_ref(), "streamARN");
    checks.range(request.max_results, "maxResults", (1, MAX_RESULTS));
    checks.end()?;
    let stream = request.target.name()?;
    let after: Option<String> = request.next_token.as_deref().map(read_token).transpose()?;
    let limit = usize::try_from(request.max_results.unwrap_or(DEFAULT_RESULTS)).unwrap_or(1);
    kinesis.stream(stream)?.with(|description| {
        let all = description.consumers.iter();
        let mut rest = all.filter(|(name, _)| after.as_ref().is_none_or(|after| *name > after));
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        let last = page.last().filter(|_| rest.next().is_some());
        Ok(ListConsumersAnswer {
            next_token: last.map(|(name, _)| token(name.as_str())).transpose()?,
            consumers: page
                .iter()
                .map(|(name, consumer)| ConsumerAnswer::of(stream, name, consumer))
                .collect(),
        })
    })
}

impl Kinesis {
    /// The stream and the name of a consumer that is registered under exactly this ARN.
    pub(super) fn consumer(&self, arn: &str) -> Result<(String, String), ApiError> {
        let Resource::Consumer(stream, name) = Resource::of(arn)? else { return Err(not_found(arn)) };
        let is_registered = self.usable(stream)?.with(|description| {
            let consumer = description.consumers.get(name);
            consumer.is_some_and(|consumer| {
                consumer_arn(stream, name, consumer.created_ms).ends_with(created_part(arn))
            })
        });
        if is_registered { Ok((stream.to_owned(), name.to_owned())) } else { Err(not_found(arn)) }
    }
}

/// The consumer's name and creation, without the account and the region that a client writes before them.
fn created_part(arn: &str) -> &str {
    arn.split_once("/consumer/").map_or(arn, |(_, consumer)| consumer)
}
