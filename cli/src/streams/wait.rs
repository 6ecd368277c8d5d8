//! Waits until a stream is as it was asked for.

use std::time::Duration;

use edge::aws::kinesis_reader::ReaderError;
use edge::aws::kinesis_streams::Streams;
use tokio::time::{Instant, sleep};

/// The pause between two looks, since a stream may be described 20 times a second by all callers together.
const PAUSE: Duration = Duration::from_millis(250);
/// How long to wait: a split takes half a minute on AWS, and a large update some minutes.
const PATIENCE: Duration = Duration::from_mins(15);

/// Waits until the stream accepts calls that change it.
pub(crate) async fn until_active(streams: &Streams, stream: &str) -> Result<(), ReaderError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match streams.describe(stream).await {
            Ok(found) if found.listed.status == "ACTIVE" => return Ok(()),
            Ok(found) if Instant::now() >= deadline => return Err(late(&found.listed.status)),
            Err(error) if !error.is_retryable() || Instant::now() >= deadline => return Err(error),
            _ => sleep(PAUSE).await,
        }
    }
}

/// Waits until the stream is gone.
pub(crate) async fn until_gone(streams: &Streams, stream: &str) -> Result<(), ReaderError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match streams.describe(stream).await {
            Err(ReaderError::NotFound { .. }) => return Ok(()),
            Ok(found) if Instant::now() >= deadline => return Err(late(&found.listed.status)),
            Err(error) if !error.is_retryable() || Instant::now() >= deadline => return Err(error),
            _ => sleep(PAUSE).await,
        }
    }
}

fn late(status: &str) -> ReaderError {
    ReaderError::Failed {
        operation: "DescribeStreamSummary",
        code: format!("status {status}"),
        is_retryable: false,
        source: format!("this did not change for {} minutes", PATIENCE.as_secs() / 60).into(),
    }
}
