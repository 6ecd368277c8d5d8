//! Account settings and resource policies. They have no effect here; the API returns what was set.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::error::{ApiError, NOT_FOUND};
use super::kinesis::Kinesis;
use super::streams::SHARD_LIMIT;
use super::target::Resource;
use crate::aws::kinesis::store::Description;

const ON_DEMAND_LIMIT: usize = 50;

#[derive(Deserialize)]
pub(super) struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeLimitsAnswer {
    shard_limit: usize,
    open_shard_count: usize,
    on_demand_stream_count: usize,
    on_demand_stream_count_limit: usize,
}

#[expect(clippy::unnecessary_wraps, reason = "the form of an operation")]
pub(super) fn describe_limits(kinesis: &Kinesis, _: &Nothing) -> Result<DescribeLimitsAnswer, ApiError> {
    let streams = kinesis.store.names().into_iter().filter_map(|name| kinesis.store.stream(&name).ok());
    let counts =
        |stream: &Description| (stream.open_shards().count(), usize::from(stream.settings.on_demand));
    let (open, on_demand) =
        streams.map(|stream| stream.with(counts)).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    Ok(DescribeLimitsAnswer {
        shard_limit: SHARD_LIMIT,
        open_shard_count: open,
        on_demand_stream_count: on_demand,
        on_demand_stream_count_limit: ON_DEMAND_LIMIT,
    })
}

/// Whether a commitment was asked for.
#[derive(Debug, Default)]
pub(super) struct Account(Mutex<Option<String>>);

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AccountSettings {
    minimum_throughput_billing_commitment: Option<Commitment>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Commitment {
    status: Option<String>,
}

#[expect(clippy::unnecessary_wraps, reason = "the form of an operation")]
pub(super) fn describe_account_settings(kinesis: &Kinesis, _: &Nothing) -> Result<AccountSettings, ApiError> {
    let status = kinesis.account.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let status = Some(status.unwrap_or_else(|| "DISABLED".to_owned()));
    Ok(AccountSettings { minimum_throughput_billing_commitment: Some(Commitment { status }) })
}

pub(super) fn update_account_settings(
    kinesis: &Kinesis,
    request: &AccountSettings,
) -> Result<AccountSettings, ApiError> {
    let member = "minimumThroughputBillingCommitment";
    let mut checks = Checks::default();
    checks.required(request.minimum_throughput_billing_commitment.as_ref(), member);
    let status = request.minimum_throughput_billing_commitment.as_ref().and_then(|told| told.status.as_ref());
    checks.word(status, &format!("{member}.status"), &["ENABLED", "DISABLED"]);
    checks.end()?;
    (*kinesis.account.0.lock().unwrap_or_else(PoisonError::into_inner)) = status.cloned();
    describe_account_settings(kinesis, &Nothing {})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourcePolicy {
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    policy: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetResourcePolicyAnswer {
    policy: String,
}

pub(super) fn put_resource_policy(kinesis: &Kinesis, request: ResourcePolicy) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    checks.required(request.policy.as_ref(), "policy");
    checks.end()?;
    let is_json = request.policy.as_deref().is_some_and(|policy| {
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(policy).is_ok()
    });
    if !is_json {
        return Err(ApiError::invalid("Policy must be valid JSON."));
    }
    kinesis.policy(request.resource_arn.as_ref(), |policy| *policy = request.policy)
}

pub(super) fn get_resource_policy(
    kinesis: &Kinesis,
    request: &ResourcePolicy,
) -> Result<GetResourcePolicyAnswer, ApiError> {
    let mut found = None;
    kinesis.policy(request.resource_arn.as_ref(), |policy| found.clone_from(policy))?;
    let policy = found.ok_or_else(|| ApiError::new(NOT_FOUND, "The resource has no policy."))?;
    Ok(GetResourcePolicyAnswer { policy })
}

pub(super) fn delete_resource_policy(kinesis: &Kinesis, request: &ResourcePolicy) -> Result<(), ApiError> {
    kinesis.policy(request.resource_arn.as_ref(), |policy| *policy = None)
}

impl Kinesis {
    /// Looks at or changes the policy of a stream or a consumer.
    fn policy(&self, arn: Option<&String>, use_of: impl FnOnce(&mut Option<String>)) -> Result<(), ApiError> {
        let mut checks = Checks::default();
        checks.required(arn, "resourceARN");
        checks.end()?;
        let (stream, consumer) = match Resource::of(arn.map_or("", String::as_str))? {
            Resource::Stream(stream) => (stream, None),
            Resource::Consumer(stream, consumer) => (stream, Some(consumer)),
        };
        self.stream(stream)?.change(|description, _| {
            let policy = match consumer {
                None => &mut description.settings.policy,
                Some(name) => {
                    let not_found = || ApiError::new(NOT_FOUND, format!("Consumer {name} not found."));
                    &mut description.consumers.get_mut(name).ok_or_else(not_found)?.policy
                }
            };
            use_of(policy);
            Ok(())
        })
    }
}
