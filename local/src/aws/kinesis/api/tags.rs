//! Tags, by stream and by ARN.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::error::{ApiError, LIMIT_EXCEEDED, NOT_FOUND};
use super::kinesis::Kinesis;
use super::target::{Resource, Target};
use crate::aws::kinesis::store::Description;

const MAX_TAGS: usize = 50;
const KEY_CHARS: (usize, usize) = (1, 128);
const VALUE_CHARS: (usize, usize) = (0, 256);

type Tags = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddTags {
    #[serde(flatten)]
    target: Target,
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    tags: Option<Tags>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemoveTags {
    #[serde(flatten)]
    target: Target,
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTags {
    #[serde(flatten)]
    target: Target,
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    exclusive_start_tag_key: Option<String>,
    limit: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTagsAnswer {
    tags: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more_tags: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

pub(super) fn add_tags(kinesis: &Kinesis, request: AddTags) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.required(request.tags.as_ref(), "tags");
    let tags = request.tags.unwrap_or_default();
    checks.count(tags.len(), "tags", (1, 200));
    for (key, value) in &tags {
        checks.length(Some(key), "tags.key", KEY_CHARS);
        checks.length(Some(value), "tags.value", VALUE_CHARS);
    }
    checks.end()?;
    kinesis.change_tags(request.resource_arn.as_deref(), &request.target, |now| {
        now.extend(tags);
        if now.len() <= MAX_TAGS {
            return Ok(());
        }
        let message = format!("Failed to add tags: a resource has at most {MAX_TAGS} tags.");
        Err(ApiError::new(LIMIT_EXCEEDED, message))
    })
}

pub(super) fn remove_tags(kinesis: &Kinesis, request: RemoveTags) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.required(request.tag_keys.as_ref(), "tagKeys");
    let keys = request.tag_keys.unwrap_or_default();
    checks.count(keys.len(), "tagKeys", (1, MAX_TAGS));
    checks.end()?;
    kinesis.change_tags(request.resource_arn.as_deref(), &request.target, |now| {
        now.retain(|key, _| !keys.contains(key));
        Ok(())
    })
}

/// All tags at once by ARN, page by page by stream.
pub(super) fn list_tags(kinesis: &Kinesis, request: &ListTags) -> Result<ListTagsAnswer, ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.range(request.limit, "limit", (1, 50));
    checks.end()?;
    let (stream, consumer) = resource(request.resource_arn.as_deref(), &request.target)?;
    let found = kinesis.stream(stream)?.with(|stream| tags_of(&mut stream.clone(), consumer).cloned())?;
    let after = request.exclusive_start_tag_key.as_ref();
    let mut tags = found.into_iter().filter(|(key, _)| after.is_none_or(|after| key > after));
    let limit = request.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_TAGS);
    let page = tags.by_ref().take(limit).map(|(key, value)| Tag { key, value }).collect();
    let has_more_tags = request.resource_arn.is_none().then(|| tags.next().is_some());
    Ok(ListTagsAnswer { tags: page, has_more_tags })
}

impl Kinesis {
    fn change_tags(
        &self,
        arn: Option<&str>,
        target: &Target,
        change: impl FnOnce(&mut Tags) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let (stream, consumer) = resource(arn, target)?;
        self.stream(stream)?.change(|description, _| change(tags_of(description, consumer)?))
    }
}

/// The stream, and its consumer if that is meant.
fn resource<'a>(arn: Option<&'a str>, target: &'a Target) -> Result<(&'a str, Option<&'a str>), ApiError> {
    let Some(arn) = arn else { return Ok((target.name()?, None)) };
    Ok(match Resource::of(arn)? {
        Resource::Stream(stream) => (stream, None),
        Resource::Consumer(stream, consumer) => (stream, Some(consumer)),
    })
}

fn tags_of<'a>(stream: &'a mut Description, consumer: Option<&str>) -> Result<&'a mut Tags, ApiError> {
    match consumer {
        None => Ok(&mut stream.tags),
        Some(name) => match stream.consumers.get_mut(name) {
            Some(consumer) => Ok(&mut consumer.tags),
            None => Err(ApiError::new(NOT_FOUND, format!("Consumer {name} not found."))),
        },
    }
}
