//! Lambda's on-failure document about a batch that was given up.
//! <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use super::action::{GivenUp, Response};
use super::event::{self, EventRecord, Origin, WindowInfo, iso};
use crate::aws::clock::Moment;

/// A batch that was given up.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) shard: String,
    /// When it was given up.
    pub(crate) at: Moment,
    /// The sequence numbers of its records.
    pub(crate) numbers: Vec<String>,
    metadata: Bytes,
    payload: Bytes,
}

/// The name of the invocation that was given up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// The id of the last try.
    pub(super) id: &'a str,
    pub(super) function_arn: &'a str,
    pub(super) at: Moment,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_context: Option<ResponseContext<'a>>,
    version: &'a str,
    timestamp: String,
    #[serde(rename = "KinesisBatchInfo")]
    kinesis_batch_info: BatchInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_window_info: Option<WindowInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    request_id: &'a str,
    function_arn: &'a str,
    condition: &'a str,
    approximate_invoke_count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext<'a> {
    status_code: u16,
    executed_version: &'a str,
    /// Null if the function answered and named the first record.
    function_error: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo<'a> {
    shard_id: &'a str,
    #[serde(flatten)]
    records: Option<RecordsInfo<'a>>,
    stream_arn: &'a str,
}

/// Absent if the last call of a window was given up.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordsInfo<'a> {
    start_sequence_number: &'a str,
    end_sequence_number: &'a str,
    approximate_arrival_of_first_record: String,
    approximate_arrival_of_last_record: String,
    batch_size: usize,
}

impl Document {
    pub(super) fn of(
        given_up: &GivenUp<EventRecord>,
        request: Request<'_>,
        origin: Origin<'_>,
    ) -> Result<Self, serde_json::Error> {
        let metadata = Metadata {
            request_context: RequestContext {
                request_id: request.id,
                function_arn: request.function_arn,
                condition: given_up.condition.as_str(),
                approximate_invoke_count: given_up.failures.max(1),
            },
            response_context: response(given_up.response),
            version: "1.0",
            timestamp: time(request.at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            kinesis_batch_info: BatchInfo {
                shard_id: origin.shard,
                records: records(&given_up.records),
                stream_arn: origin.stream_arn,
            },
            time_window_info: given_up.window.as_ref().map(WindowInfo::of),
        };
        Ok(Self {
            shard: origin.shard.to_owned(),
            at: request.at,
            numbers: given_up.records.iter().map(|record| record.sequence_number.to_string()).collect(),
            metadata: serde_json::to_vec(&metadata)?.into(),
            payload: event::event(&given_up.records, given_up.window.as_ref(), origin)?,
        })
    }

    /// The form for a queue or a topic. Code that needs the records fetches them by their numbers.
    pub(crate) fn without_payload(&self) -> Bytes {
        self.metadata.clone()
    }

    /// The form for a bucket, which contains the event of the invocation as text.
    pub(crate) fn with_payload(&self) -> Result<Bytes, serde_json::Error> {
        let payload = serde_json::to_vec(&String::from_utf8_lossy(&self.payload))?;
        let metadata = self.metadata.strip_suffix(b"}").unwrap_or(&self.metadata);
        Ok([metadata, br#","payload":"#, &payload, b"}"].concat().into())
    }
}

/// When it was given up, for the names of objects and files.
pub(super) fn time(at: Moment) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or_default()
}

fn response(response: Response) -> Option<ResponseContext<'static>> {
    let function_error = match response {
        Response::None => return None,
        Response::Reported => None,
        Response::Error => Some("Unhandled"),
    };
    Some(ResponseContext { status_code: 200, executed_version: "$LATEST", function_error })
}

fn records(records: &[EventRecord]) -> Option<RecordsInfo<'_>> {
    let (first, last) = (records.first()?, records.last()?);
    Some(RecordsInfo {
        start_sequence_number: &first.sequence_number,
        end_sequence_number: &last.sequence_number,
        approximate_arrival_of_first_record: iso(first.arrived_at),
        approximate_arrival_of_last_record: iso(last.arrived_at),
        batch_size: records.len(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::super::window::{Ending, Window, WindowCall};
    use super::*;
    use crate::aws::event::Condition;
    use crate::aws::stream::SourceRecord;

    const ORIGIN: Origin<'_> = Origin { shard: "shardId-000000000001", stream_arn: "arn:stream" };
    const REQUEST: Request<'_> =
        Request { id: "request", function_arn: "arn:function", at: 1_573_691_886_021 };

    fn given_up(records: usize, response: Response, window: Option<WindowCall>) -> Document {
        let record = |number: usize| SourceRecord {
            sequence_number: (7 + number).to_string(),
            partition_key: "k".to_owned(),
            data: Bytes::from_static(b"poison"),
            arrived_at: 1_573_691_884_835,
        };
        let records = (0..records).map(|number| EventRecord::new(&record(number), ORIGIN).unwrap()).collect();
        let condition = Condition::RetriesExhausted;
        let given_up = GivenUp { records, condition, failures: 3, response, window };
        Document::of(&given_up, REQUEST, ORIGIN).unwrap()
    }

    fn json(body: &[u8]) -> Value {
        serde_json::from_slice(body).unwrap()
    }

    #[test]
    fn the_document_is_that_of_the_developer_guide() {
        let expected = json!({
            "requestContext": {
                "requestId": "request",
                "functionArn": "arn:function",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 3,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": "2019-11-14T00:38:06.021Z",
            "KinesisBatchInfo": {
                "shardId": "shardId-000000000001",
                "startSequenceNumber": "7",
                "endSequenceNumber": "8",
                "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04.835Z",
                "approximateArrivalOfLastRecord": "2019-11-14T00:38:04.835Z",
                "batchSize": 2,
                "streamArn": "arn:stream",
            },
        });
        let document = given_up(2, Response::Error, None);
        assert_eq!(json(&document.without_payload()), expected);
        let mut with_payload = json(&document.with_payload().unwrap());
        let payload = with_payload.as_object_mut().unwrap().remove("payload").unwrap();
        assert_eq!(with_payload, expected);
        assert_eq!(
            json(payload.as_str().unwrap().as_bytes())["Records"][1]["kinesis"]["sequenceNumber"],
            "8"
        );
    }

    #[test]
    fn what_was_never_sent_has_no_response_and_what_was_reported_no_error() {
        let never_sent = json(&given_up(1, Response::None, None).without_payload());
        assert_eq!(never_sent.get("responseContext"), None);
        let reported = json(&given_up(1, Response::Reported, None).without_payload());
        assert_eq!(reported["responseContext"]["functionError"], Value::Null);
        assert_eq!(reported["responseContext"]["statusCode"], 200);
    }

    #[test]
    fn a_window_is_in_the_document_and_in_the_payload_and_its_last_call_has_no_records() {
        let window = Window::restored(1_607_497_440_000, Duration::from_mins(2), "{\"n\":1}".into());
        let call = WindowCall { window, last: Some(Ending::Early) };
        let document = json(&given_up(0, Response::Error, Some(call)).with_payload().unwrap());
        let info = json!({
            "window": {"start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:06:00Z"},
            "isFinalInvokeForWindow": true,
            "isWindowTerminatedEarly": true,
        });
        assert_eq!(document["timeWindowInfo"], info);
        let batch = json!({"shardId": "shardId-000000000001", "streamArn": "arn:stream"});
        assert_eq!(document["KinesisBatchInfo"], batch);
        let payload = json(document["payload"].as_str().unwrap().as_bytes());
        assert_eq!((&payload["state"], &payload["Records"]), (&json!({"n": 1}), &json!([])));
    }
}
