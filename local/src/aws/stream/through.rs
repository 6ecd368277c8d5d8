//! Reading a stream through once, from its oldest record to its tip.

use std::time::Duration;

use edge::aws::kinesis_reader::{Page, ReadRecord, ReaderError, Start, StreamReader};

/// Most records of one read.
const MAX_RECORDS: u16 = 10_000;
/// Before the next try of a read that was refused.
const AFTER_REFUSAL: Duration = Duration::from_millis(250);
/// Tries of one read.
const MAX_TRIES: u32 = 20;

/// Visits every record that is on the stream, with its shard's id.
pub(crate) async fn read_through(
    reader: &StreamReader,
    stream: &str,
    mut visit: impl FnMut(&str, &ReadRecord),
) -> Result<(), ReaderError> {
    for shard in reader.shards(stream).await? {
        let mut iterator = Some(reader.iterator(stream, &shard.id, &Start::TrimHorizon).await?);
        while let Some(here) = iterator.take() {
            let page = read(reader, &here).await?;
            for record in &page.records {
                visit(&shard.id, record);
            }
            let at_tip = page.records.is_empty() && page.millis_behind_latest == 0;
            iterator = page.next_iterator.filter(|_| !at_tip);
        }
    }
    Ok(())
}

async fn read(reader: &StreamReader, iterator: &str) -> Result<Page, ReaderError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match reader.read(iterator, MAX_RECORDS).await {
            Err(error) if error.is_retryable() && tries < MAX_TRIES => {
                tokio::time::sleep(AFTER_REFUSAL).await;
            }
            result => return result,
        }
    }
}
