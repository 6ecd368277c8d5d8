//! The forms in which failures are kept by Lambda's on-failure destinations, by delivery streams, and by kinflow
//! itself.
//!
//! `decode` decodes their contents, `failures` counts them, and `redrive` feeds them again.

use std::borrow::Cow;
use std::io::{self, Read as _};

use flate2::read::MultiGzDecoder;
use record_model::put_aside::PutAside;
use serde::Deserialize;

/// The largest size of a decompressed object of failures, in bytes.
const MAX_OPENED_BYTES: u64 = 1 << 30;

/// The contents of one object or file of failures.
#[derive(Debug)]
pub(crate) enum Failed<'a> {
    /// A batch that an event source mapping gave up.
    GivenUp(Box<GivenUp>),
    /// Records that a delivery stream could not transform or deliver, one on each line.
    Undelivered(Vec<Undelivered<'a>>),
    /// Records that kinflow put aside, one on each line.
    PutAside(Vec<PutAside<'a>>),
}

/// The document of a batch that a mapping gave up. In a bucket it contains the event; in a queue or a topic it does
/// not.
/// <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct GivenUp {
    pub(crate) request_context: RequestContext,
    pub(crate) timestamp: String,
    #[serde(rename = "KinesisBatchInfo")]
    pub(crate) batch: BatchInfo,
    /// The event of the invocation, as text.
    pub(crate) payload: Option<String>,
}

/// The function that was invoked, and the reason why it is not invoked any more.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RequestContext {
    pub(crate) function_arn: String,
    pub(crate) condition: String,
    pub(crate) approximate_invoke_count: u64,
}

/// The records in the batch.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct BatchInfo {
    pub(crate) shard_id: String,
    pub(crate) start_sequence_number: String,
    pub(crate) end_sequence_number: String,
    pub(crate) batch_size: u64,
    pub(crate) stream_arn: String,
}

/// A line of a delivery stream's failure object.
/// <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html>
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Undelivered<'a> {
    /// The record in base64.
    #[serde(borrow)]
    pub(crate) raw_data: Cow<'a, str>,
    #[serde(default)]
    pub(crate) arrival_timestamp: i64,
    #[serde(default, borrow)]
    pub(crate) error_code: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(crate) error_message: Cow<'a, str>,
}

/// The answer of a queue or the notification of a topic, which contains documents.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    message: Option<String>,
    messages: Option<Vec<Message>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    body: String,
}

impl<'a> Failed<'a> {
    /// Reads an object or a file of any form. Returns `None` if it contains no failure.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let given_up = || GivenUp::read(bytes).map(|given_up| Self::GivenUp(Box::new(given_up)));
        given_up()
            .or_else(|| Undelivered::read(bytes).map(Self::Undelivered))
            .or_else(|| put_aside(bytes).map(Self::PutAside))
    }
}

impl GivenUp {
    /// Reads the document of a bucket, a queue or a topic.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let given_up: Self = serde_json::from_slice(bytes).ok()?;
        (given_up.payload.is_some() || !given_up.batch.stream_arn.is_empty()).then_some(given_up)
    }

    /// Reads all documents in a file, which is one document, an SNS notification, or an answer of `aws sqs
    /// receive-message`.
    pub(crate) fn read_all(bytes: &[u8]) -> Vec<Self> {
        if let Some(given_up) = Self::read(bytes) {
            return vec![given_up];
        }
        let Ok(envelope) = serde_json::from_slice::<Envelope>(bytes) else { return Vec::new() };
        let bodies = envelope.messages.into_iter().flatten().map(|message| message.body);
        bodies.chain(envelope.message).flat_map(|body| Self::read_all(body.as_bytes())).collect()
    }

    /// The name of the stream that the batch came from.
    pub(crate) fn stream(&self) -> &str {
        self.batch.stream_arn.rsplit('/').next().unwrap_or_default()
    }

    /// The name of the function that failed.
    pub(crate) fn function(&self) -> &str {
        let arn = &self.request_context.function_arn;
        arn.split(':').nth(6).unwrap_or(arn)
    }
}

impl<'a> Undelivered<'a> {
    /// Reads all lines of an object. Returns `None` if one of them has another form.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Vec<Self>> {
        all(bytes, |line| serde_json::from_slice(line).ok())
    }
}

/// Reads an object in quarantine, lines of reasons, or the quarantine file that `kinflow put` writes. Returns `None` if
/// a line has another form.
pub(crate) fn put_aside(bytes: &[u8]) -> Option<Vec<PutAside<'_>>> {
    all(bytes, |line| PutAside::read(line).ok())
}

fn all<'a, T>(bytes: &'a [u8], read: impl Fn(&'a [u8]) -> Option<T>) -> Option<Vec<T>> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let read: Option<Vec<T>> = lines.map(read).collect();
    read.filter(|read| !read.is_empty())
}

/// Returns the bytes of an object, decompressed if a delivery stream has compressed them.
pub(crate) fn opened(bytes: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    if !bytes.starts_with(&[0x1F, 0x8B]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut opened = Vec::new();
    MultiGzDecoder::new(bytes).take(MAX_OPENED_BYTES + 1).read_to_end(&mut opened)?;
    if opened.len() as u64 > MAX_OPENED_BYTES {
        return Err(io::Error::other(format!("opens to more than {MAX_OPENED_BYTES} bytes")));
    }
    Ok(Cow::Owned(opened))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> serde_json::Value {
        json!({
            "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:Consumer", "condition": "RetryAttemptsExhausted"},
            "KinesisBatchInfo": {"shardId": "shardId-000000000001", "startSequenceNumber": "7", "endSequenceNumber": "9",
                "batchSize": 2, "streamArn": "arn:aws:kinesis:eu-west-1:1:stream/tweets"},
        })
    }

    #[test]
    fn a_document_is_read_from_a_bucket_a_queue_and_a_topic_alike() {
        let document = document().to_string();
        let queue =
            json!({"Messages": [{"MessageId": "m", "Body": document}, {"Body": document}]}).to_string();
        let topic = json!({"Type": "Notification", "Message": document}).to_string();
        let topic_in_queue = json!({"Messages": [{"Body": topic}]}).to_string();
        for (text, count) in [(&document, 1), (&queue, 2), (&topic, 1), (&topic_in_queue, 1)] {
            let read = GivenUp::read_all(text.as_bytes());
            assert_eq!(read.len(), count, "{text}");
            assert_eq!((read[0].stream(), read[0].function()), ("tweets", "Consumer"));
            assert_eq!(read[0].batch.end_sequence_number, "9");
        }
        assert!(GivenUp::read_all(b"{\"Messages\":[{\"Body\":\"no\"}]}").is_empty());
    }

    #[test]
    fn each_form_is_told_from_the_others() {
        let document = document().to_string();
        assert!(matches!(Failed::read(document.as_bytes()), Some(Failed::GivenUp(_))));
        let line = b"{\"attemptsMade\":1,\"rawData\":\"YQ==\",\"errorCode\":\"c\"}\n{\"rawData\":\"Yg==\"}\n";
        assert!(matches!(Failed::read(line), Some(Failed::Undelivered(lines)) if lines.len() == 2));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/put_aside/");
        for name in ["consumer.json", "producer.json", "put.ndjson", "transform.ndjson"] {
            let bytes = std::fs::read(format!("{folder}{name}")).unwrap();
            assert!(matches!(Failed::read(&bytes), Some(Failed::PutAside(_))), "{name}");
        }
        for other in [&b""[..], b"{}", b"[]", b"text", b"{\"id\":1}\n"] {
            assert!(Failed::read(other).is_none(), "{other:?}");
        }
    }

    #[test]
    fn a_compressed_object_is_opened_and_a_damaged_one_is_an_error() {
        let mut gzip = Vec::new();
        record_model::compress::Gzip::new(6).write(b"lines", None, &mut gzip).unwrap();
        assert_eq!(*opened(&gzip).unwrap(), *b"lines");
        assert_eq!(*opened(b"plain").unwrap(), *b"plain");
        assert!(opened(&gzip[..gzip.len() - 5]).is_err());
    }
}
