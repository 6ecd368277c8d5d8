//! CloudWatch Logs subscription data, where one compressed record of a log group holds many log events.
//!
//! Each event is handed to the schema as a separate JSON object, with its log group and log stream. The form
//! is described in "Log group-level subscription filters" of the CloudWatch Logs user guide.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A subscription record after gzip.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription<'a> {
    message_type: MessageType,
    #[serde(borrow)]
    owner: &'a RawValue,
    #[serde(borrow)]
    log_group: &'a RawValue,
    #[serde(borrow)]
    log_stream: &'a RawValue,
    #[serde(borrow)]
    log_events: Vec<LogEvent<'a>>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum MessageType {
    DataMessage,
    /// Sent occasionally to check whether the destination is reachable.
    ControlMessage,
}

#[derive(Deserialize)]
struct LogEvent<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    timestamp: &'a RawValue,
    #[serde(borrow)]
    message: &'a RawValue,
}

/// One log event in the form that the schema sees.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a RawValue,
    timestamp: &'a RawValue,
    message: &'a RawValue,
    owner: &'a RawValue,
    log_group: &'a RawValue,
    log_stream: &'a RawValue,
}

/// The log events of a record, each as a JSON object; a control message has none. `None` if the record does
/// not come from a subscription.
pub(crate) fn log_events(record: &[u8]) -> Option<impl Iterator<Item = Result<Vec<u8>, serde_json::Error>>> {
    let Subscription { message_type, owner, log_group, log_stream, log_events } =
        serde_json::from_slice(record).ok()?;
    let count = if message_type == MessageType::ControlMessage { 0 } else { log_events.len() };
    let line = move |event: LogEvent<'_>| {
        let LogEvent { id, timestamp, message } = event;
        serde_json::to_vec(&Line { id, timestamp, message, owner, log_group, log_stream })
    };
    Some(log_events.into_iter().take(count).map(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(record: &str) -> Option<Vec<String>> {
        let events = log_events(record.as_bytes())?;
        Some(events.map(|event| String::from_utf8(event.unwrap()).unwrap()).collect())
    }

    #[test]
    fn each_log_event_is_an_object_with_its_origin() {
        let record = r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],
            "logEvents":[{"id":"7","timestamp":1510254471089,"message":"a \"b\""},{"id":"8","timestamp":1,"message":""}]}"#;
        let origin = r#""owner":"1","log_group":"g","log_stream":"s"}"#;
        assert_eq!(
            texts(record).unwrap(),
            [
                format!(r#"{{"id":"7","timestamp":1510254471089,"message":"a \"b\"",{origin}"#),
                format!(r#"{{"id":"8","timestamp":1,"message":"",{origin}"#),
            ]
        );
    }

    #[test]
    fn a_control_message_has_no_events_and_other_json_is_no_subscription() {
        let control = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"",
            "subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1,"message":"checking"}]}"#;
        assert_eq!(texts(control), Some(Vec::new()));
        for other in ["{}", "[]", "", "a|b", r#"{"messageType":"OTHER"}"#] {
            assert_eq!(texts(other), None, "{other}");
        }
    }
}
