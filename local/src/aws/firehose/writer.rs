//! Buffers what is to be delivered and what failed, and writes the objects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edge::store::{Attributes, Created, ObjectStore};
use jiff::Timestamp;
use record_model::compress::Gzip;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::apart::SourceRecord;
use super::buffer::ObjectBuffer;
use super::failure::{Reason, line};
use super::prefix::Values;
use super::stream::{Delivery, DeliveryError};
use crate::aws::stream::Phase;
use crate::pipeline::bucket::StorageError;
use crate::pipeline::position::Position;
use template::Compression;

/// While draining, an object is written once nothing came for this long: one object, not one a batch.
const QUIET: Duration = Duration::from_millis(100);
/// Partitions with an open buffer, as in Firehose; records of others go to the error prefix.
const MAX_PARTITIONS: usize = 500;
const PROCESSING_FAILED: &str = "processing-failed";
const FAST: i32 = 1;

/// What becomes of a record.
#[derive(Debug)]
pub(super) enum End {
    Deliver {
        data: Bytes,
        partition_keys: BTreeMap<String, String>,
    },
    Dropped,
    /// The line of an error object.
    Failed(Vec<u8>),
}

/// A record at the end of its way.
#[derive(Debug)]
pub(super) struct Finished {
    source: SourceRecord,
    end: End,
}

impl Finished {
    pub(super) fn new(source: &SourceRecord, end: End) -> Self {
        Self { source: source.clone(), end }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Partition(BTreeMap<String, String>),
    Errors(&'static str),
}

/// The one writer of a delivery stream.
pub(super) struct Writer {
    delivery: Arc<Delivery>,
    incoming: mpsc::Receiver<Vec<Finished>>,
    buffers: BTreeMap<Place, ObjectBuffer>,
    gzip: Gzip,
}

impl Writer {
    pub(super) fn new(delivery: Arc<Delivery>, incoming: mpsc::Receiver<Vec<Finished>>) -> Self {
        Self { delivery, incoming, buffers: BTreeMap::new(), gzip: Gzip::new(FAST) }
    }

    /// Writes until there is nothing more to come.
    pub(super) async fn run(mut self) -> Result<(), DeliveryError> {
        let mut phase = self.delivery.flow.phase();
        loop {
            let draining = *phase.borrow_and_update() != Phase::Running;
            let due = self.write_due(draining).await?;
            tokio::select! {
                finished = self.incoming.recv() => match finished {
                    Some(finished) => self.take(finished).await?,
                    None => break,
                },
                _ = phase.changed() => {}
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
        }
        for (place, buffer) in std::mem::take(&mut self.buffers) {
            self.write(&place, buffer).await?;
        }
        Ok(())
    }

    async fn take(&mut self, finished: Vec<Finished>) -> Result<(), DeliveryError> {
        for Finished { source, end } in finished {
            match end {
                End::Dropped => self.delivery.ended(&[source.position], |tally| tally.dropped += 1),
                End::Failed(line) => self.push(Place::Errors(PROCESSING_FAILED), &source, &line).await?,
                End::Deliver { data, partition_keys } => self.deliver(&source, &data, partition_keys).await?,
            }
        }
        Ok(())
    }

    async fn deliver(
        &mut self,
        source: &SourceRecord,
        data: &[u8],
        partition_keys: BTreeMap<String, String>,
    ) -> Result<(), DeliveryError> {
        let place = if self.delivery.settings.dynamic_partitioning {
            match self.partition(partition_keys) {
                Ok(place) => place,
                Err((error_type, message)) => {
                    let reason = Reason { attempts: 1, code: error_type, message, lambda_arn: None };
                    let line = line(source, reason)?;
                    return self.push(Place::Errors(error_type), source, &line).await;
                }
            }
        } else {
            Place::Partition(BTreeMap::new())
        };
        self.push(place, source, data).await
    }

    fn partition(&self, mut keys: BTreeMap<String, String>) -> Result<Place, (&'static str, &'static str)> {
        let prefix = &self.delivery.prefix;
        if let Some(_absent) =
            prefix.partition_keys().find(|name| keys.get(*name).is_none_or(String::is_empty))
        {
            return Err((
                "metadata-extraction-failed",
                "the record has not every partition key of the prefix",
            ));
        }
        keys.retain(|name, _| prefix.partition_keys().any(|needed| needed == name));
        let place = Place::Partition(keys);
        if self.buffers.len() >= MAX_PARTITIONS && !self.buffers.contains_key(&place) {
            return Err(("active-partitions-exceeded", "500 partitions are active, the limit"));
        }
        Ok(place)
    }

    async fn push(&mut self, place: Place, source: &SourceRecord, data: &[u8]) -> Result<(), DeliveryError> {
        let buffer = self.buffers.entry(place.clone()).or_insert_with(ObjectBuffer::new);
        buffer.push(source.position, source.arrived_at_ms, data);
        if buffer.bytes.len() < self.delivery.settings.buffer_bytes {
            return Ok(());
        }
        match self.buffers.remove(&place) {
            Some(full) => self.write(&place, full).await,
            None => Ok(()),
        }
    }

    /// Writes the buffers whose time has come; says when the next one's comes.
    async fn write_due(&mut self, draining: bool) -> Result<Option<Instant>, DeliveryError> {
        let interval = self.delivery.settings.buffer_interval;
        let quiet = draining.then_some(QUIET);
        let now = Instant::now();
        let due: Vec<Place> = self
            .buffers
            .iter()
            .filter(|(_, buffer)| buffer.due(interval, quiet) <= now)
            .map(|(place, _)| place.clone())
            .collect();
        for place in due {
            if let Some(buffer) = self.buffers.remove(&place) {
                self.write(&place, buffer).await?;
            }
        }
        Ok(self.buffers.values().map(|buffer| buffer.due(interval, quiet)).min())
    }

    async fn write(&mut self, place: &Place, buffer: ObjectBuffer) -> Result<(), DeliveryError> {
        let key = self.key(place, buffer.oldest_ms);
        let bytes = self.encoded(buffer.bytes)?;
        let written = self.delivery.bucket.create(&key, bytes, &Attributes::default()).await;
        if written.map_err(StorageError::from)? == Created::Exists {
            return Err(StorageError::Taken { key }.into());
        }
        let records = buffer.positions.len() as u64;
        self.delivery.ended(&buffer.positions, |tally| {
            tally.objects += 1;
            match place {
                Place::Partition(_) => tally.delivered += records,
                Place::Errors(_) => tally.failed += records,
            }
        });
        Ok(())
    }

    fn encoded(&mut self, bytes: Vec<u8>) -> Result<Bytes, StorageError> {
        match self.delivery.settings.compression {
            Compression::None => Ok(Bytes::from(bytes)),
            Compression::Gzip => {
                let mut compressed = Vec::new();
                self.gzip.write(&bytes, None, &mut compressed)?;
                Ok(Bytes::from(compressed))
            }
        }
    }

    /// `<prefix><delivery stream>-<version>-YYYY-MM-DD-HH-MM-SS-<random><extension>`, as Firehose names objects.
    fn key(&self, place: &Place, oldest_ms: i64) -> String {
        let none = BTreeMap::new();
        let settings = &self.delivery.settings;
        let (prefix, error_output_type, partition_keys) = match place {
            Place::Partition(keys) => (&self.delivery.prefix, "", keys),
            Place::Errors(kind) => (&self.delivery.error_prefix, *kind, &none),
        };
        let prefix = prefix.evaluate(Values { at_ms: oldest_ms, error_output_type, partition_keys });
        let time = Timestamp::from_millisecond(oldest_ms).unwrap_or_default();
        let extension = match (settings.file_extension.as_str(), settings.compression) {
            ("", Compression::Gzip) => ".gz",
            (extension, _) => extension,
        };
        format!(
            "{prefix}{}-1-{}-{}{extension}",
            settings.name,
            time.strftime("%Y-%m-%d-%H-%M-%S"),
            Uuid::new_v4()
        )
    }
}

/// The position of every record is kept until its object is written.
impl Delivery {
    fn ended(&self, positions: &[Position], change: impl FnOnce(&mut super::DeliveryTally)) {
        self.count(positions, change);
        self.flow.done(positions.len());
    }
}
