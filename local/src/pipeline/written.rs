//! What a consumer wrote, read back from its bucket: lines, quarantine, and what was given up.

use edge::aws::S3Store;
use edge::store::{Listed, ObjectStore as _, list_all};
use futures::TryStreamExt as _;
use record_model::layout::{EnrichedKey, QuarantineKey, RecordName, WindowKey};
use record_model::{Content, Decoder, Limits};
use serde::Deserialize;

use crate::pipeline::bucket::StorageError;
use crate::pipeline::id_hash::{IdCounts, IdHash};
use crate::pipeline::machine::Machine;
use crate::pipeline::takers::MappingAtWork;

/// The most bytes to which one object may decompress.
const MAX_OBJECT_BYTES: usize = 512 << 20;

/// Where each record of a consumer was found.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) quarantined: u64,
    pub(crate) objects: u64,
    /// Ids of lines.
    found: IdCounts,
    /// File names in quarantine, without their ending.
    quarantine: IdCounts,
    /// `<shard>:<sequence number>` of what is in the on-failure destination.
    given_up: IdCounts,
}

impl Written {
    /// How many lines a record has. A line of an earlier run in the same folder is none of this run's records.
    pub(crate) fn lines_of(&self, record: IdHash) -> u32 {
        self.found.count(record)
    }

    /// How often a record was written. A record that was given up may be in an object too until it is
    /// redriven, and this counts as once.
    pub(crate) fn times(&self, stream: &str, shard_id: &str, number: &str, sub: Option<u64>) -> u32 {
        let line = self.found.count(IdHash::of_record(stream, shard_id, number, sub));
        let in_quarantine = self.times_in_quarantine(stream, shard_id, number, sub);
        (line + in_quarantine).max(u32::from(self.is_given_up(shard_id, number)))
    }

    pub(crate) fn add_line(&mut self, id: &str) {
        self.found.add(IdHash::of_id(id));
    }

    /// Adds a record by the name of its object, without the ending.
    pub(crate) fn add_quarantined(&mut self, name: &str) {
        self.quarantine.add(IdHash::of_id(name));
        self.quarantined += 1;
    }

    pub(crate) fn add_given_up(&mut self, record: &str) {
        self.given_up.add(IdHash::of_id(record));
    }

    /// How many copies are in quarantine, of the record alone or of its whole aggregate.
    pub(crate) fn times_in_quarantine(
        &self,
        stream: &str,
        shard_id: &str,
        number: &str,
        sub: Option<u64>,
    ) -> u32 {
        let record = RecordName { stream, shard_id, sequence_number: number };
        let count = |sub| self.quarantine.count(IdHash::of_id(&name(&record, sub)));
        count(None) + if sub.is_some() { count(sub) } else { 0 }
    }

    /// Whether the Kinesis record ran out of retries and is in the on-failure destination.
    pub(crate) fn is_given_up(&self, shard_id: &str, number: &str) -> bool {
        self.given_up.count(IdHash::of_id(&format!("{shard_id}:{number}"))) > 0
    }
}

#[derive(Deserialize)]
struct Line {
    id: String,
}

/// Names a record in quarantine.
fn name(record: &RecordName<'_>, sub_sequence_number: Option<u64>) -> String {
    let sub = sub_sequence_number.map(|sub| format!("-{sub}")).unwrap_or_default();
    format!("{record}{sub}")
}

/// Reads back what the function behind a mapping wrote in this run.
pub(crate) async fn by_consumer(machine: &Machine, at_work: &MappingAtWork) -> Result<Written, StorageError> {
    let mut written = Written::default();
    if let Some(destination) = &at_work.destination {
        for record in destination.given_up().await? {
            written.add_given_up(&record);
        }
    }
    let settings = &at_work.mapping.settings;
    let function = machine.functions.get(&settings.function);
    let Some(bucket) = function.and_then(|function| function.definition().variables.get("OUTPUT_BUCKET"))
    else {
        return Ok(written);
    };
    let bucket = machine.bucket(bucket)?;
    let data_set = machine.data_set_of(&settings.stream);
    let since_ms = machine.whole_second_of_start();
    for object in new_objects(&bucket, &EnrichedKey::prefix(&data_set), since_ms).await? {
        if let Some(stored) = bucket.get(&object.key).await? {
            lines(&stored.body, &mut written)?;
        }
        written.objects += 1;
    }
    for object in new_objects(&bucket, &QuarantineKey::prefix(&data_set), since_ms).await? {
        // A producer's rows are there too, and are counted in its answer.
        let Some(QuarantineKey::Stream { record, sub_sequence_number, .. }) =
            QuarantineKey::parse(&object.key)
        else {
            continue;
        };
        if record.stream == settings.stream {
            written.add_quarantined(&name(&record, sub_sequence_number));
            written.objects += 1;
        }
    }
    written.objects += new_objects(&bucket, &WindowKey::prefix(&data_set), since_ms).await?.len() as u64;
    Ok(written)
}

/// The objects below a prefix that were written since then. S3 gives whole seconds.
pub(crate) async fn new_objects(
    bucket: &S3Store,
    prefix: &str,
    since_ms: i64,
) -> Result<Vec<Listed>, StorageError> {
    let recent =
        list_all(bucket, prefix).try_filter(|object| std::future::ready(object.modified_at_ms >= since_ms));
    Ok(recent.try_collect().await?)
}

/// Counts the ids of an object's lines. If the object can't be opened, none is counted, so its records are
/// missing.
fn lines(body: &[u8], written: &mut Written) -> Result<(), StorageError> {
    let limits =
        Limits { record_bytes_out: MAX_OBJECT_BYTES, batch_bytes_out: MAX_OBJECT_BYTES, ..Limits::default() };
    let mut result = Ok(());
    let opened = Decoder::new(limits).decode(body, &mut |object| {
        if let Ok(Content::Payload(text)) = object.content {
            result = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).try_for_each(|line| {
                let line: Line = serde_json::from_slice(line)?;
                written.add_line(&line.id);
                Ok(())
            });
        }
    });
    if let Err(error) = opened {
        tracing::error!(%error, "an object can't be opened");
    }
    result
}
