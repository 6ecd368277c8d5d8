//! What a consumer is called with: a batch of its stream, one that is redriven, or a sweep.

use edge::lambda::events::{EventError, KinesisEvent, REDRIVE, Redrive};
use serde::Deserialize;

use crate::settle::SweepRequest;

/// The members of a sweep's event. The top level of a stream's event has none of these.
const SWEEP_MEMBERS: [&[u8]; 3] = [b"sweep", b"stream", b"older_than_s"];

/// One event. Its first member decides its kind, so that an error is reported for that kind.
#[derive(Debug)]
pub(super) enum ConsumerEvent<'a> {
    /// Records of a shard, from an event source mapping.
    Stream(KinesisEvent<'a>),
    /// Records of a shard that were given up, from a person.
    Redrive(Redrive, KinesisEvent<'a>),
    /// Incomplete messages are to be given up, from a schedule.
    Sweep(SweepRequest),
}

/// The event can't be read: no answer to it could be right, so the invocation fails.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConsumerEventError {
    #[error("stream event can't be read")]
    Stream(#[from] EventError),
    #[error("event asks for a sweep that can't be read")]
    Sweep(#[source] serde_json::Error),
    #[error("event asks for a redrive that can't be read")]
    Redrive(#[source] serde_json::Error),
}

impl<'a> ConsumerEvent<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, ConsumerEventError> {
        match first_member(body) {
            Some(name) if SWEEP_MEMBERS.contains(&name) => {
                serde_json::from_slice(body).map(Self::Sweep).map_err(ConsumerEventError::Sweep)
            }
            Some(name) if name == REDRIVE.as_bytes() => {
                let told: Redriven = serde_json::from_slice(body).map_err(ConsumerEventError::Redrive)?;
                Ok(Self::Redrive(told.redrive, KinesisEvent::parse(body)?))
            }
            _ => Ok(Self::Stream(KinesisEvent::parse(body)?)),
        }
    }
}

impl ConsumerEventError {
    /// Returns a short stable word, for Lambda's `errorType`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Stream(_) => "bad_event",
            Self::Sweep(_) => "bad_sweep",
            Self::Redrive(_) => "bad_redrive",
        }
    }
}

/// What is said of a redrive, beside its records.
#[derive(Deserialize)]
struct Redriven {
    redrive: Redrive,
}

/// The name of an object's first member, as it is written.
fn first_member(body: &[u8]) -> Option<&[u8]> {
    let members = body.trim_ascii_start().strip_prefix(b"{")?;
    let name = members.trim_ascii_start().strip_prefix(b"\"")?;
    name.split(|byte| *byte == b'"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(body: &str) -> &'static str {
        match ConsumerEvent::parse(body.as_bytes()) {
            Ok(ConsumerEvent::Stream(_)) => "stream",
            Ok(ConsumerEvent::Sweep(_)) => "sweep",
            Ok(ConsumerEvent::Redrive(..)) => "redrive",
            Err(error) => error.kind(),
        }
    }

    #[test]
    fn an_event_is_of_the_kind_its_first_member_says() {
        assert_eq!(kind(r#"{"Records":[]}"#), "stream");
        assert_eq!(kind(r#"{"window":{"start":"S","end":"E"},"state":{}}"#), "stream");
        assert_eq!(kind(r#"{"redrive":{},"Records":[]}"#), "redrive");
        assert_eq!(kind(r#"{"redrive":{"scanned":3},"Records":[]}"#), "redrive");
        assert_eq!(kind(r#"{"sweep":"chunks","stream":"s"}"#), "sweep");
        assert_eq!(kind(" {\n \"stream\": \"s\", \"older_than_s\": 1, \"sweep\": \"chunks\"}"), "sweep");
    }

    #[test]
    fn a_damaged_event_is_told_as_one_of_its_kind() {
        assert_eq!(kind(r#"{"Records":[{"#), "bad_event");
        assert_eq!(kind(r#"{"sweep":"floor","stream":"s"}"#), "bad_sweep");
        assert_eq!(kind(r#"{"sweep":"chunks"}"#), "bad_sweep");
        assert_eq!(kind(r#"{"redrive":true,"Records":[]}"#), "bad_redrive");
        assert_eq!(kind(r#"{"redrive":{}}"#), "bad_event");
        for neither in ["", "null", "[]", "{", "{}", "{\"", r#"{"other":1}"#] {
            assert_eq!(kind(neither), "bad_event", "{neither}");
        }
    }
}
