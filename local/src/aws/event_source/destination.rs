//! On-failure destinations: a bucket on this machine, or a folder in place of a queue or a topic.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use edge::aws::S3Store;
use edge::store::{Attributes, Created, ObjectStore};
use futures::future::BoxFuture;
use serde::Deserialize;
use uuid::Uuid;

use super::document::{Document, time};
use super::on_failure::OnFailure;
use crate::pipeline::bucket::StorageError;

/// The on-failure destination of one mapping.
pub(crate) struct Destination {
    mapping_uuid: String,
    target: Target,
    written: Mutex<Vec<Written>>,
}

/// Where documents go.
pub(crate) enum Target {
    /// Documents with their payload.
    Bucket(S3Store),
    /// Documents without it, as a queue or a topic gets them. The folder is created when it is needed.
    Messages(PathBuf),
}

/// A document that was written.
#[derive(Debug, Clone)]
struct Written {
    key: String,
    /// The `<shard>:<sequence number>` of its records. For a bucket, they are in the document.
    records: Vec<String>,
}

#[derive(Deserialize)]
struct WithPayload {
    payload: String,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "Records")]
    records: Vec<PayloadRecord>,
}

#[derive(Deserialize)]
struct PayloadRecord {
    #[serde(rename = "eventID")]
    event_id: String,
}

impl Destination {
    pub(crate) fn new(mapping_uuid: String, target: Target) -> Self {
        Self { mapping_uuid, target, written: Mutex::default() }
    }

    /// The `<shard>:<sequence number>` of every record that was given up, read back from where it was
    /// written.
    pub(crate) async fn given_up(&self) -> Result<Vec<String>, StorageError> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut records = Vec::new();
        for document in written {
            match &self.target {
                Target::Bucket(bucket) => {
                    let body = bucket.get(&document.key).await?.map(|object| object.body).unwrap_or_default();
                    let WithPayload { payload } = serde_json::from_slice(&body)?;
                    let event: Payload = serde_json::from_str(&payload)?;
                    records.extend(event.records.into_iter().map(|record| record.event_id));
                }
                Target::Messages(folder) => {
                    tokio::fs::metadata(folder.join(&document.key)).await?;
                    records.extend(document.records);
                }
            }
        }
        Ok(records)
    }

    async fn write(&self, document: Document) -> Result<String, StorageError> {
        let key = self.key(&document);
        let (place, records) = match &self.target {
            Target::Bucket(bucket) => {
                create(bucket, &key, document.with_payload()?).await?;
                (key.clone(), Vec::new())
            }
            Target::Messages(folder) => {
                let path = folder.join(&key);
                tokio::fs::create_dir_all(path.parent().unwrap_or(folder)).await?;
                tokio::fs::write(&path, document.without_payload()).await?;
                let id = |number: &String| format!("{}:{number}", document.shard);
                (path.display().to_string(), document.numbers.iter().map(id).collect())
            }
        };
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(Written { key, records });
        Ok(place)
    }

    /// `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<random>`, as Lambda names it.
    fn key(&self, document: &Document) -> String {
        let time = time(document.at).strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S");
        format!("aws/lambda/{}/{}/{time}-{}", self.mapping_uuid, document.shard, Uuid::new_v4())
    }
}

impl OnFailure for Destination {
    fn keep(&self, document: Document) -> BoxFuture<'_, Result<String, StorageError>> {
        Box::pin(self.write(document))
    }
}

async fn create(bucket: &S3Store, key: &str, body: Bytes) -> Result<(), StorageError> {
    let content_type = Some("application/octet-stream".to_owned());
    match bucket.create(key, body, &Attributes { content_type, ..Attributes::default() }).await? {
        Created::Written(_) => Ok(()),
        Created::Exists => Err(StorageError::Taken { key: key.to_owned() }),
    }
}
