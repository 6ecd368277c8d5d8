//! Where given-up batches go: Lambda's on-failure record with the whole event, to a bucket or a folder.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use edge::aws::S3Store;
use edge::store::{Attributes, Created, ObjectStore};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::EventRecord;
use super::retry::Condition;
use crate::pipeline::bucket::StorageError;

/// The on-failure destination of one mapping. Nothing given up is ever only counted: without a
/// bucket in the template it goes to a folder of the run.
pub(crate) struct Destination {
    mapping_uuid: String,
    bucket: Option<S3Store>,
    folder: PathBuf,
    /// Keys of what was written.
    written: Mutex<Vec<String>>,
}

/// What is known of a batch that is given up.
pub(super) struct GivenUp<'a> {
    pub(super) shard_id: &'a str,
    pub(super) stream_arn: &'a str,
    pub(super) function_arn: String,
    pub(super) condition: Condition,
    pub(super) attempts: u64,
    pub(super) records: &'a [EventRecord],
    pub(super) event: Bytes,
}

#[derive(Deserialize)]
struct WithPayload {
    payload: String,
}

#[derive(Deserialize)]
struct GivenUpEvent {
    #[serde(rename = "Records")]
    records: Vec<GivenUpRecord>,
}

#[derive(Deserialize)]
struct GivenUpRecord {
    #[serde(rename = "eventID")]
    event_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    request_context: RequestContext<'a>,
    response_context: ResponseContext<'a>,
    version: &'a str,
    timestamp: String,
    #[serde(rename = "KinesisBatchInfo")]
    kinesis_batch_info: BatchInfo<'a>,
    payload: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    request_id: String,
    function_arn: &'a str,
    condition: &'a str,
    approximate_invoke_count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext<'a> {
    status_code: u16,
    executed_version: &'a str,
    function_error: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo<'a> {
    shard_id: &'a str,
    start_sequence_number: &'a str,
    end_sequence_number: &'a str,
    approximate_arrival_of_first_record: String,
    approximate_arrival_of_last_record: String,
    batch_size: usize,
    stream_arn: &'a str,
}

impl Destination {
    /// With a bucket, or with a folder that is made when it is needed.
    pub(crate) fn new(mapping_uuid: String, bucket: Option<S3Store>, folder: PathBuf) -> Self {
        Self { mapping_uuid, bucket, folder, written: Mutex::default() }
    }

    /// The `<shard>:<sequence number>` of every record given up, read back from where it was written.
    pub(crate) async fn given_up(&self) -> Result<Vec<String>, StorageError> {
        let keys = self.written.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut records = Vec::new();
        for key in keys {
            let body = match &self.bucket {
                Some(bucket) => bucket.get(&key).await?.map(|object| object.body).unwrap_or_default(),
                None => Bytes::from(tokio::fs::read(self.folder.join(&key)).await?),
            };
            let WithPayload { payload } = serde_json::from_slice(&body)?;
            let event: GivenUpEvent = serde_json::from_str(&payload)?;
            records.extend(event.records.into_iter().map(|record| record.event_id));
        }
        Ok(records)
    }

    pub(super) async fn send(&self, given_up: GivenUp<'_>) -> Result<(), StorageError> {
        let now = Timestamp::now();
        let body = Bytes::from(body(&given_up, now)?);
        let key = self.key(given_up.shard_id, now);
        self.write(&key, body).await?;
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(key);
        Ok(())
    }

    async fn write(&self, key: &str, body: Bytes) -> Result<(), StorageError> {
        let Some(bucket) = &self.bucket else {
            let path = self.folder.join(key);
            tokio::fs::create_dir_all(path.parent().unwrap_or(&self.folder)).await?;
            return Ok(tokio::fs::write(path, body).await?);
        };
        let content_type = Some("application/json".to_owned());
        match bucket.create(key, body, &Attributes { content_type, ..Attributes::default() }).await? {
            Created::Written(_) => Ok(()),
            Created::Exists => Err(StorageError::Taken { key: key.to_owned() }),
        }
    }

    /// `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<random>`, as Lambda names it.
    fn key(&self, shard_id: &str, now: Timestamp) -> String {
        let time = now.strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S");
        format!("aws/lambda/{}/{shard_id}/{time}-{}", self.mapping_uuid, Uuid::new_v4())
    }
}

fn body(given_up: &GivenUp<'_>, now: Timestamp) -> Result<Vec<u8>, StorageError> {
    let arrival = |record: Option<&EventRecord>| {
        Timestamp::from_millisecond(record.map_or(0, |record| record.arrived_at_ms))
            .unwrap_or_default()
            .to_string()
    };
    let number = |record: Option<&'_ EventRecord>| {
        record.map_or(String::new(), |record| record.sequence_number.clone())
    };
    let (first, last) = (given_up.records.first(), given_up.records.last());
    let record = Record {
        request_context: RequestContext {
            request_id: Uuid::new_v4().to_string(),
            function_arn: &given_up.function_arn,
            condition: given_up.condition.as_str(),
            approximate_invoke_count: given_up.attempts,
        },
        response_context: ResponseContext {
            status_code: 200,
            executed_version: "$LATEST",
            function_error: "Unhandled",
        },
        version: "1.0",
        timestamp: now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        kinesis_batch_info: BatchInfo {
            shard_id: given_up.shard_id,
            start_sequence_number: &number(first),
            end_sequence_number: &number(last),
            approximate_arrival_of_first_record: arrival(first),
            approximate_arrival_of_last_record: arrival(last),
            batch_size: given_up.records.len(),
            stream_arn: given_up.stream_arn,
        },
        payload: std::str::from_utf8(&given_up.event).unwrap_or_default(),
    };
    Ok(serde_json::to_vec(&record)?)
}

#[cfg(test)]
mod tests {
    use super::super::event;
    use super::*;
    use edge::aws::kinesis_reader::ReadRecord;

    #[tokio::test]
    async fn a_given_up_batch_keeps_its_whole_event() {
        let folder = tempfile::tempdir().unwrap();
        let destination = Destination::new("uuid".to_owned(), None, folder.path().to_owned());
        let read = ReadRecord {
            sequence_number: "7".to_owned(),
            partition_key: "k".to_owned(),
            data: Bytes::from_static(b"poison"),
            arrived_at_ms: 1_573_691_884_835,
        };
        let records = [EventRecord::new(&read, "shardId-000000000001", "arn").unwrap()];
        let event = event::event(&records, None).unwrap();
        let given_up = GivenUp {
            shard_id: "shardId-000000000001",
            stream_arn: "arn",
            function_arn: "f".to_owned(),
            condition: Condition::RetriesExhausted,
            attempts: 3,
            records: &records,
            event: event.clone(),
        };
        destination.send(given_up).await.unwrap();
        let mut path = folder.path().join("aws/lambda/uuid/shardId-000000000001");
        while path.is_dir() {
            path = std::fs::read_dir(&path).unwrap().next().unwrap().unwrap().path();
        }
        let record: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(record["requestContext"]["condition"], "RetryAttemptsExhausted");
        assert_eq!(record["KinesisBatchInfo"]["startSequenceNumber"], "7");
        assert_eq!(record["KinesisBatchInfo"]["approximateArrivalOfFirstRecord"], "2019-11-14T00:38:04.835Z");
        assert_eq!(record["payload"].as_str().unwrap().as_bytes(), &event);
        assert_eq!(destination.given_up().await.unwrap(), ["shardId-000000000001:7"]);
    }
}
