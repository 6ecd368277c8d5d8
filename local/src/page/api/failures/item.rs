//! A record that failed, read from where it is stored.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use record_model::put_aside::{Origin, PutAside};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::clock::Moment;
use crate::page::answer::Refusal;
use crate::page::api::objects;
use crate::page::api::row::Shown;
use crate::page::scene::Scene;
use crate::page::watch::failures::{Exit, Failure};
use template::OnFailure;

/// The most bytes of a payload that a list shows.
const PREVIEW_BYTES: usize = 200;
/// The most bytes of a payload that the detail shows.
const MAX_SHOWN: usize = 256 << 10;

/// The reason why a record failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Reason {
    pub(super) kind: String,
    pub(super) field: Option<String>,
    pub(super) message: String,
}

impl Reason {
    /// The kind, with the field if one is at fault. Reasons are counted by this name.
    pub(super) fn name(&self) -> String {
        match &self.field {
            Some(field) => format!("{} of {field}", self.kind),
            None => self.kind.clone(),
        }
    }
}

/// A record that failed.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) exit: Exit,
    pub(super) at_ms: Moment,
    pub(super) stream: String,
    /// When it arrived, if its failure says so. Its record is found by that if its number is not known.
    pub(super) arrived_ms: Option<Moment>,
    /// Shard, sequence number and place in an aggregate, if they are known.
    pub(super) shard: Option<String>,
    pub(super) number: Option<String>,
    pub(super) sub: Option<u64>,
    pub(super) key: Option<String>,
    pub(super) reason: Reason,
    /// `None` if only its place is kept, or nothing at all.
    pub(super) payload: Option<Bytes>,
    pub(super) bucket: Option<String>,
    pub(super) object: Option<String>,
}

/// A failure that is kept, with its number.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) seq: u64,
    pub(super) at_ms: Moment,
    pub(super) failure: Failure,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorLine {
    error_code: String,
    error_message: String,
    raw_data: String,
    arrival_timestamp: Option<Moment>,
    /// `<shard>:<sequence number>:<place in its aggregate>`.
    es_document_id: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    payload: String,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records", default)]
    records: Vec<EventRecord>,
}

#[derive(Deserialize)]
struct EventRecord {
    kinesis: KinesisRecord,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KinesisRecord {
    partition_key: String,
    sequence_number: String,
    data: String,
}

impl Found {
    /// Finds the failure that an item's id names, and the item's place in it.
    pub(super) fn of_id(scene: &Scene, id: &str) -> Result<(Self, usize), Refusal> {
        let wrong = || Refusal::not_found(format!("failure {id:?} is not kept: the newest 2,000 are"));
        let mut parts = id.splitn(3, '-').skip(1);
        let seq: u64 = parts.next().and_then(|seq| seq.parse().ok()).ok_or_else(wrong)?;
        let place = parts.next().map_or(Some(0), |place| place.parse().ok()).ok_or_else(wrong)?;
        let found = scene.watch.look(|seen| seen.failures.newest.get(seq).cloned());
        let (at_ms, failure) = found.ok_or_else(wrong)?;
        Ok((Self { seq, at_ms, failure }, place))
    }

    /// Reads at most `most` of its records, from the place `from` on.
    pub(super) async fn items(&self, scene: &Scene, from: usize, most: usize) -> Result<Vec<Item>, Refusal> {
        match &self.failure {
            Failure::Quarantined { bucket, key } => {
                let stored = objects::read(scene, bucket, key).await?;
                Ok(vec![self.quarantined(bucket, key, &stored)])
            }
            Failure::Failed { delivery, key, code, .. } => {
                let topology = &scene.topology.deliveries;
                let delivery = topology.iter().find(|known| known.name == **delivery);
                let Some(delivery) = delivery else { return Ok(Vec::new()) };
                let opened = objects::opened(&objects::read(scene, &delivery.bucket, key).await?).0;
                let lines = opened.split(|byte| *byte == b'\n').enumerate();
                let lines = lines.filter_map(|(at, line)| Some((at, serde_json::from_slice(line).ok()?)));
                let of_code = lines.filter(|(_, line): &(usize, ErrorLine)| line.error_code == *code);
                let item = |(at, line)| self.failed((at, line), &delivery.stream, (&delivery.bucket, key));
                Ok(of_code.filter(|(at, _)| *at >= from).take(most).map(item).collect())
            }
            Failure::Discarded { mapping, kept, .. } => {
                let mapping = scene.topology.mappings.iter().find(|known| known.name == **mapping);
                let bucket = mapping.and_then(|mapping| match &mapping.on_failure {
                    Some(OnFailure::Bucket(bucket)) => Some(bucket),
                    _ => None,
                });
                let (Some(bucket), Some(key)) = (bucket, kept) else {
                    return Ok(vec![self.without_payload()]);
                };
                let stored = objects::read(scene, bucket, key).await?;
                let records = records_of(&stored).into_iter().enumerate().skip(from).take(most);
                Ok(records.map(|(at, record)| self.discarded(at, record, (bucket, key))).collect())
            }
        }
    }

    fn bare(&self, id: String, stream: &str) -> Item {
        Item {
            id,
            exit: self.failure.exit(),
            at_ms: self.at_ms,
            stream: stream.to_owned(),
            arrived_ms: None,
            shard: None,
            number: None,
            sub: None,
            key: None,
            reason: Reason::default(),
            payload: None,
            bucket: None,
            object: None,
        }
    }

    fn quarantined(&self, bucket: &Arc<str>, key: &str, stored: &Bytes) -> Item {
        let first = stored.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let mut item = self.bare(format!("q-{}", self.seq), "");
        (item.bucket, item.object) = (Some(bucket.to_string()), Some(key.to_owned()));
        let Ok(put_aside) = PutAside::read(first) else {
            "unreadable".clone_into(&mut item.reason.kind);
            return item;
        };
        item.reason = Reason {
            kind: put_aside.reason.kind.to_string(),
            field: put_aside.reason.field.as_ref().map(ToString::to_string),
            message: put_aside.reason.message.to_string(),
        };
        item.payload = put_aside.payload().ok().map(Bytes::from);
        match put_aside.origin {
            Origin::Stream {
                stream, shard_id, sequence_number, sub_sequence_number, partition_key, ..
            } => {
                item.stream = stream.into_owned();
                item.shard = Some(shard_id.into_owned());
                item.number = Some(sequence_number.into_owned());
                item.sub = sub_sequence_number;
                item.key = Some(partition_key.into_owned());
            }
            Origin::Source { stream, .. } => item.stream = stream.into_owned(),
        }
        item
    }

    fn failed(&self, (at, line): (usize, ErrorLine), stream: &str, (bucket, key): (&str, &str)) -> Item {
        let id = line.es_document_id.unwrap_or_default();
        let mut place = id.splitn(3, ':').map(str::to_owned).filter(|part| !part.is_empty());
        Item {
            arrived_ms: line.arrival_timestamp,
            shard: place.next(),
            number: place.next(),
            reason: Reason { kind: line.error_code, field: None, message: line.error_message },
            payload: STANDARD.decode(line.raw_data).ok().map(Bytes::from),
            bucket: Some(bucket.to_owned()),
            object: Some(key.to_owned()),
            ..self.bare(format!("f-{}-{at}", self.seq), stream)
        }
    }

    fn discarded(&self, at: usize, record: KinesisRecord, (bucket, key): (&str, &str)) -> Item {
        Item {
            number: Some(record.sequence_number),
            key: Some(record.partition_key),
            payload: STANDARD.decode(record.data).ok().map(Bytes::from),
            bucket: Some(bucket.to_owned()),
            object: Some(key.to_owned()),
            id: format!("d-{}-{at}", self.seq),
            ..self.without_payload()
        }
    }

    /// An item for a batch of which only the place is kept, or nothing.
    fn without_payload(&self) -> Item {
        let Failure::Discarded { stream, shard, condition, kept, records, .. } = &self.failure else {
            return self.bare(String::new(), "");
        };
        let message = match kept {
            Some(place) => format!("{records} records were given up; what names them is in {place}"),
            None => {
                format!("{records} records were given up and are lost: there is no on-failure destination")
            }
        };
        Item {
            shard: Some(shard.to_string()),
            reason: Reason { kind: condition.as_str().to_owned(), field: None, message },
            object: kept.clone(),
            ..self.bare(format!("d-{}-0", self.seq), stream)
        }
    }
}

fn records_of(stored: &Bytes) -> Vec<KinesisRecord> {
    let document: Option<Document> = serde_json::from_slice(stored).ok();
    let event: Option<Event> = document.and_then(|document| serde_json::from_str(&document.payload).ok());
    event.map_or_else(Vec::new, |event| event.records.into_iter().map(|record| record.kinesis).collect())
}

impl Item {
    /// The stream and the sequence number of the record that failed, if they are known.
    pub(super) fn was(&self) -> Option<(&str, &str)> {
        Some((&self.stream, self.number.as_deref()?))
    }

    pub(super) fn json(&self, scene: &Scene, sent_again: usize) -> Value {
        let preview = self.payload.as_deref().map(|payload| Shown::of(payload, PREVIEW_BYTES));
        json!({
            "id": self.id,
            "exit": self.exit.as_str(),
            "at_ms": self.at_ms,
            "stream": self.stream,
            "data_set": scene.data_set(&self.stream),
            "shard": self.shard,
            "number": self.number,
            "sub": self.sub,
            "key": self.key,
            "reason": self.reason,
            "bytes": self.payload.as_ref().map(Bytes::len),
            "preview": preview.and_then(|preview| preview.text.or(preview.hex)),
            "bucket": self.bucket,
            "object": self.object,
            "sent_again": sent_again,
        })
    }

    /// The payload as text or as hexadecimal digits, and in base64.
    pub(super) fn payload_json(&self) -> Value {
        let Some(payload) = &self.payload else { return Value::Null };
        let shown = Shown::of(payload, MAX_SHOWN);
        let first = payload.get(..MAX_SHOWN.min(payload.len())).unwrap_or_default();
        json!({
            "bytes": payload.len(),
            "text": shown.text,
            "hex": shown.hex,
            "base64": STANDARD.encode(first),
            "cut": shown.cut,
        })
    }
}
