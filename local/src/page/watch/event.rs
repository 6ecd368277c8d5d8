//! Reads who sent an invocation's event, and which records are in it. The event is searched and not parsed.

use memchr::memmem;

use crate::aws::event::Name;

/// Stands once in each record of an event of a mapping or a delivery stream. In a partition key its quotes would be
/// escaped.
const OF_A_RECORD: &[u8] = br#""sequenceNumber":""#;
/// Stands near the beginning of each event of a delivery stream.
const OF_A_DELIVERY: &[u8] = br#""deliveryStreamArn""#;
const BEGINNING_BYTES: usize = 400;
/// The longest sequence number, in bytes.
const MAX_NUMBER_BYTES: usize = 128;

/// Who sent an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Mapping,
    Delivery,
    Other,
}

impl Sender {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Mapping => "mapping",
            Self::Delivery => "delivery",
            Self::Other => "other",
        }
    }
}

/// Returns the sequence numbers of the first and the last record of an event, or `None` if it has no records.
pub(super) fn range_of(event: &[u8]) -> Option<(Name, Name)> {
    let number = |at: usize| {
        let behind = event.get(at + OF_A_RECORD.len()..)?;
        let digits = behind.split(|byte| *byte == b'"').next()?;
        let text = std::str::from_utf8(digits).ok().filter(|text| text.len() <= MAX_NUMBER_BYTES)?;
        Some(Name::from(text))
    };
    let first = memmem::find(event, OF_A_RECORD)?;
    Some((number(first)?, number(memmem::rfind(event, OF_A_RECORD)?)?))
}

/// Returns who sent an event, and how many records are in it.
pub(super) fn of_event(event: &[u8]) -> (Sender, Option<usize>) {
    let records = memmem::find_iter(event, OF_A_RECORD).count();
    let beginning = event.get(..BEGINNING_BYTES.min(event.len())).unwrap_or_default();
    if records == 0 {
        (Sender::Other, None)
    } else if memmem::find(beginning, OF_A_DELIVERY).is_some() {
        (Sender::Delivery, Some(records))
    } else {
        (Sender::Mapping, Some(records))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_counted_whatever_a_partition_key_holds() {
        let key = serde_json::to_string(r#""sequenceNumber":"1""#).unwrap();
        let record = format!(r#"{{"kinesis":{{"partitionKey":{key},"sequenceNumber":"2"}}}}"#);
        assert_eq!(
            of_event(format!(r#"{{"Records":[{record},{record}]}}"#).as_bytes()),
            (Sender::Mapping, Some(2))
        );
        let numbered = |number: u32| format!(r#"{{"kinesis":{{"sequenceNumber":"{number}"}}}}"#);
        let batch = format!(r#"{{"Records":[{},{},{}]}}"#, numbered(3), numbered(4), numbered(7));
        assert_eq!(range_of(batch.as_bytes()), Some(("3".into(), "7".into())));
        assert_eq!(range_of(b"{}"), None);
        let of_delivery = format!(r#"{{"invocationId":"i","deliveryStreamArn":"a","records":[{record}]}}"#);
        assert_eq!(of_event(of_delivery.as_bytes()), (Sender::Delivery, Some(1)));
        assert_eq!(of_event(b"{}"), (Sender::Other, None));
    }
}
