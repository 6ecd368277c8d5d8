//! `SplitShard`, `MergeShards` and `UpdateShardCount`.

use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::error::{ApiError, reshard_error};
use super::kinesis::{Kinesis, Status, now};
use super::settings::check_provisioned;
use super::starting_position::shard_of;
use super::streams::bounded;
use super::target::{Target, stream_arn};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SplitShard {
    #[serde(flatten)]
    target: Target,
    shard_to_split: Option<String>,
    new_starting_hash_key: Option<String>,
}

pub(super) fn split_shard(kinesis: &Kinesis, request: &SplitShard) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.required(request.shard_to_split.as_ref(), "shardToSplit");
    checks.name(request.shard_to_split.as_ref(), "shardToSplit");
    checks.required(request.new_starting_hash_key.as_ref(), "newStartingHashKey");
    checks.digits(request.new_starting_hash_key.as_ref(), "newStartingHashKey");
    checks.end()?;
    let name = request.target.name()?;
    let stream = kinesis.changeable(name)?;
    stream.with(|stream| check_provisioned(&stream.settings, name, "SplitShard"))?;
    kinesis.check_shard_limit(1)?;
    let shard = shard_of(&stream, request.shard_to_split.as_deref().unwrap_or_default())?;
    // A key that does not fit in 128 bits is beyond every shard.
    let hash_key = request.new_starting_hash_key.as_deref().unwrap_or_default().parse().unwrap_or(0);
    stream.split(shard, hash_key, now()).map_err(|error| reshard_error(error, name))?;
    kinesis.enter(name, Status::Updating);
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MergeShards {
    #[serde(flatten)]
    target: Target,
    shard_to_merge: Option<String>,
    adjacent_shard_to_merge: Option<String>,
}

pub(super) fn merge_shards(kinesis: &Kinesis, request: &MergeShards) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.required(request.shard_to_merge.as_ref(), "shardToMerge");
    checks.name(request.shard_to_merge.as_ref(), "shardToMerge");
    checks.required(request.adjacent_shard_to_merge.as_ref(), "adjacentShardToMerge");
    checks.name(request.adjacent_shard_to_merge.as_ref(), "adjacentShardToMerge");
    checks.end()?;
    let name = request.target.name()?;
    let stream = kinesis.changeable(name)?;
    stream.with(|stream| check_provisioned(&stream.settings, name, "MergeShards"))?;
    let shard = shard_of(&stream, request.shard_to_merge.as_deref().unwrap_or_default())?;
    let adjacent = shard_of(&stream, request.adjacent_shard_to_merge.as_deref().unwrap_or_default())?;
    stream.merge(shard, adjacent, now()).map_err(|error| reshard_error(error, name))?;
    kinesis.enter(name, Status::Updating);
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateShardCount {
    #[serde(flatten)]
    target: Target,
    target_shard_count: Option<i64>,
    scaling_type: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateShardCountAnswer {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    current_shard_count: usize,
    target_shard_count: usize,
}

/// Allows at most twice as many shards, and at least half as many.
pub(super) fn update_shard_count(
    kinesis: &Kinesis,
    request: &UpdateShardCount,
) -> Result<UpdateShardCountAnswer, ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.required(request.target_shard_count.as_ref(), "targetShardCount");
    checks.range(request.target_shard_count, "targetShardCount", (1, 100_000));
    checks.required(request.scaling_type.as_ref(), "scalingType");
    checks.word(request.scaling_type.as_ref(), "scalingType", &["UNIFORM_SCALING"]);
    checks.end()?;
    let name = request.target.name()?;
    let stream = kinesis.changeable(name)?;
    stream.with(|stream| check_provisioned(&stream.settings, name, "UpdateShardCount"))?;
    let shards = bounded(request.target_shard_count);
    let (current, wanted) = (stream.with(|stream| stream.open_shards().count()), shards as usize);
    let wrong = match wanted {
        wanted if wanted > 2 * current => "scale up over double",
        wanted if 2 * wanted < current => "scale down below half",
        _ => "",
    };
    if !wrong.is_empty() {
        return Err(ApiError::invalid(format!(
            "UpdateShardCount cannot {wrong} your current open shard count. Current open shard count: {current} \
             Target shard count: {wanted}"
        )));
    }
    kinesis.check_shard_limit(wanted.saturating_sub(current))?;
    stream.scale(shards, now())?;
    kinesis.enter(name, Status::Updating);
    Ok(UpdateShardCountAnswer {
        stream_name: name.to_owned(),
        stream_arn: stream_arn(name),
        current_shard_count: current,
        target_shard_count: wanted,
    })
}
