//! `GET /api/topology`: the resources of the template that run, and the shards of its streams.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use template::{
    DeliveryStream, FunctionDefinition, KinesisMapping, OnFailure, Role, Schedule, Stream, StreamMode,
};

use super::shared::Shared;
use crate::aws::clock::milliseconds;
use crate::aws::kinesis::store::{Description, Shard};
use crate::page::answer::Answer;
use crate::page::scene::Scene;
use crate::pipeline::task::Task;

pub(super) async fn topology(State(shared): State<Arc<Shared>>) -> Answer {
    let scene = &shared.scene;
    let topology = &scene.topology;
    Ok(Json(json!({
        "run": scene.run,
        "template": scene.template.display().to_string(),
        "data_dir": scene.data_dir.display().to_string(),
        "kinesis_url": scene.kinesis_url,
        "s3_url": scene.s3_url,
        "streams": topology.streams.iter().map(|stream| of_stream(scene, stream)).collect::<Vec<_>>(),
        "functions": topology.functions.iter().map(of_function).collect::<Vec<_>>(),
        "mappings": topology.mappings.iter().map(|mapping| of_mapping(scene, mapping)).collect::<Vec<_>>(),
        "deliveries": topology.deliveries.iter().map(of_delivery).collect::<Vec<_>>(),
        "buckets": topology.buckets,
        "schedules": topology.schedules.iter().map(|schedule| of_schedule(scene, schedule)).collect::<Vec<_>>(),
        "left_out": topology.left_out,
    })))
}

fn of_stream(scene: &Scene, stream: &Stream) -> Value {
    let found = scene.streams.stream(&stream.name).ok();
    let shards = found.map_or_else(Vec::new, |found| found.with(of_shards));
    json!({
        "name": stream.name,
        "data_set": scene.data_set(&stream.name),
        "schema": scene.schema(&stream.name).map(record_model::Schema::name),
        "mode": match stream.mode {
            StreamMode::Provisioned => "provisioned",
            StreamMode::OnDemand => "on-demand",
        },
        "retention_hours": stream.retention.as_secs() / 3600,
        "max_record_kib": stream.max_record_kib,
        "shards": shards,
    })
}

fn of_shards(description: &Description) -> Vec<Value> {
    let id = |index: &u32| description.shard(*index).map(Shard::id);
    let shard = |shard: &Shard| {
        json!({
            "id": shard.id(),
            // They are texts, since a number in JavaScript can't hold 128 bits.
            "first_hash": shard.first_hash.to_string(),
            "last_hash": shard.last_hash.to_string(),
            "from": of_ring(shard.first_hash),
            "share": of_ring(shard.last_hash - shard.first_hash),
            "parents": shard.parents.iter().filter_map(id).collect::<Vec<_>>(),
            "opened_ms": shard.opened_ms,
            "closed_ms": shard.closed.map(|closed| closed.at_ms),
        })
    };
    description.shards.iter().map(shard).collect()
}

/// Converts a hash key to a place on the ring of all hash keys, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "a picture has fewer points than a float")]
fn of_ring(hash: u128) -> f64 {
    hash as f64 / u128::MAX as f64
}

fn of_function(function: &FunctionDefinition) -> Value {
    json!({
        "name": function.name,
        "role": function.role.map(|role| match role {
            Role::Producer => "producer",
            Role::Consumer => "consumer",
            Role::Transform => "transform",
        }),
        "memory_mb": function.memory_mb,
        "timeout_s": function.timeout.as_secs(),
    })
}

fn of_mapping(scene: &Scene, mapping: &KinesisMapping) -> Value {
    let function = scene.topology.functions.iter().find(|function| function.name == mapping.function);
    json!({
        "name": mapping.name,
        "stream": mapping.stream,
        "function": mapping.function,
        "batch_size": mapping.batch_size,
        "batching_window_ms": milliseconds(mapping.batching_window),
        "parallelization_factor": mapping.parallelization_factor,
        "bisect": mapping.bisect_on_error,
        "maximum_retry_attempts": mapping.maximum_retry_attempts,
        "maximum_record_age_s": mapping.maximum_record_age.map(|age| age.as_secs()),
        "on_failure": mapping.on_failure.as_ref().map(|kept| match kept {
            OnFailure::Bucket(bucket) => bucket.as_str(),
            OnFailure::Messages => "messages",
        }),
        "output_bucket": function.and_then(|function| function.variables.get("OUTPUT_BUCKET")),
    })
}

fn of_delivery(delivery: &DeliveryStream) -> Value {
    json!({
        "name": delivery.name,
        "stream": delivery.stream,
        "function": delivery.processing.as_ref().map(|processing| &processing.function),
        "bucket": delivery.bucket,
        "prefix": delivery.prefix,
        "error_prefix": delivery.error_prefix,
        "buffer_bytes": delivery.buffer_bytes,
        "buffer_interval_s": delivery.buffer_interval.as_secs(),
    })
}

fn of_schedule(scene: &Scene, schedule: &Schedule) -> Value {
    let function = scene.topology.functions.iter().find(|function| function.name == schedule.function);
    let fed = function.and_then(|function| function.variables.get("STREAM_NAME"));
    let (task, stream) = match Task::of(schedule.input.as_deref()) {
        Task::Produce => ("produce", fed.cloned()),
        Task::Sweep { stream } => ("sweep", Some(stream)),
        Task::Other => ("other", None),
    };
    json!({
        "name": schedule.name,
        "function": schedule.function,
        "expression": schedule.expression,
        "enabled": schedule.enabled,
        "task": task,
        "stream": stream,
    })
}
