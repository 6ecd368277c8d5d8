//! Reads the records of a batch from its stream by their sequence numbers, if the batch's document has no payload.

use std::time::Duration;

use base64_simd::STANDARD;
use edge::aws::kinesis_reader::{ReadRecord, ReaderError, Start, StreamReader};
use record_model::keys::SequenceNumber;
use serde_json::Number;

use super::batch::BatchError;
use super::event::{EventError, EventRecord, Kinesis};
use crate::failed::GivenUp;
use crate::place::Place;

/// The most records of one batch.
const MAX_RECORDS: usize = 10_000;
/// The time between two reads of a shard. All readers of a shard share five reads a second.
const PAUSE: Duration = Duration::from_millis(400);
/// How often a read is tried while it is throttled.
const TRIES: u32 = 20;

/// Reads the records from the first one of a batch to its last. It is an error if the first one has left the stream.
pub(super) async fn batch(place: &Place, given_up: &GivenUp) -> Result<Vec<EventRecord>, BatchError> {
    let services = place.services().map_err(|error| BatchError::Bucket(error.to_string()))?;
    let reader = StreamReader::connect(&services.aws);
    let batch = &given_up.batch;
    let (first, last) = (number(&batch.start_sequence_number)?, number(&batch.end_sequence_number)?);
    let start = Start::At(&batch.start_sequence_number);
    let mut iterator = Some(reader.iterator(given_up.stream(), &batch.shard_id, &start).await?);
    let mut records = Vec::new();
    while let Some(at) = iterator.take() {
        let page = read(&reader, &at).await?;
        for record in page.records {
            let number = number(&record.sequence_number)?;
            if number > last || records.len() == MAX_RECORDS {
                return Ok(records);
            }
            if records.is_empty() && number > first {
                return Err(BatchError::Gone(batch.start_sequence_number.clone()));
            }
            let is_last = number == last;
            records.push(event_record(given_up, record));
            if is_last {
                return Ok(records);
            }
        }
        iterator = page.next_iterator;
        tokio::time::sleep(PAUSE).await;
    }
    Err(BatchError::Gone(batch.start_sequence_number.clone()))
}

async fn read(reader: &StreamReader, iterator: &str) -> Result<edge::aws::kinesis_reader::Page, ReaderError> {
    let mut tries = 1;
    loop {
        match reader.read(iterator, 10_000).await {
            Err(error) if error.is_retryable() && tries < TRIES => tokio::time::sleep(PAUSE).await,
            read => return read,
        }
        tries += 1;
    }
}

fn number(text: &str) -> Result<SequenceNumber, EventError> {
    text.parse().map_err(|_| EventError::Number(text.to_owned()))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Lambda writes the time as a number of seconds with a fraction, too"
)]
fn event_record(given_up: &GivenUp, record: ReadRecord) -> EventRecord {
    let batch = &given_up.batch;
    let seconds = record.arrived_at_ms as f64 / 1000.0;
    EventRecord {
        event_id: format!("{}:{}", batch.shard_id, record.sequence_number),
        event_source: "aws:kinesis".to_owned(),
        stream_arn: batch.stream_arn.clone(),
        kinesis: Kinesis {
            partition_key: record.partition_key,
            sequence_number: record.sequence_number,
            data: STANDARD.encode_to_string(&record.data),
            approximate_arrival_timestamp: Number::from_f64(seconds).unwrap_or_else(|| Number::from(0)),
        },
    }
}
