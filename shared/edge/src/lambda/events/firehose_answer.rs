//! The answer to a Firehose event, written directly into one buffer.

use super::{FirehoseRecord, JsonText};
use base64_simd::STANDARD;
use bytes::Bytes;
use std::ops::Range;

/// Lambda's limit on an answer: 6 MiB and 100 bytes.
pub const ANSWER_LIMIT_BYTES: usize = 6_291_556;

const HEAD: &[u8] = b"{\"records\":[";
const TAIL: &[u8] = b"]}";

/// The fixed parts of an entry.
const ID: &[u8] = b"{\"recordId\":\"";
const OK: &[u8] = b"\",\"result\":\"Ok\",\"data\":\"";
const DROPPED: &[u8] = b"\",\"result\":\"Dropped\",\"data\":\"";
const FAILED: &[u8] = b"\",\"result\":\"ProcessingFailed\",\"data\":\"";
const END: &[u8] = b"\"},";
const METADATA: &[u8] = b"\",\"metadata\":";
const METADATA_END: &[u8] = b"},";

/// An answer that is being written. The caller must add one entry for each record, in the event's order.
#[derive(Debug)]
pub struct FirehoseAnswer {
    out: Vec<u8>,
}

impl FirehoseAnswer {
    /// Starts an answer in a buffer that may have been used before.
    pub fn new(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        buffer.extend_from_slice(HEAD);
        Self { out: buffer }
    }

    /// Delivers the record as `document`.
    ///
    /// `metadata` is the JSON of [`RecordMetadata`](super::RecordMetadata), or empty for none.
    pub fn ok(&mut self, record_id: JsonText<'_>, document: &[u8], metadata: &[u8]) {
        self.start(record_id, OK);
        STANDARD.encode_append(document, &mut self.out);
        if metadata.is_empty() {
            self.out.extend_from_slice(END);
        } else {
            self.out.extend_from_slice(METADATA);
            self.out.extend_from_slice(metadata);
            self.out.extend_from_slice(METADATA_END);
        }
    }

    /// Leaves the record out on purpose. Firehose counts it as a success.
    pub fn dropped(&mut self, record_id: JsonText<'_>) {
        self.start(record_id, DROPPED);
        self.out.extend_from_slice(END);
    }

    /// Sends the record to the delivery stream's error prefix with its data unchanged; the data is left out
    /// if it is not text that JSON may contain. Returns the place of the entry, for
    /// [`FirehoseAnswer::drop_after_all`].
    pub fn failed(&mut self, record: &FirehoseRecord<'_>) -> Range<usize> {
        let start = self.out.len();
        self.start(record.record_id, FAILED);
        if record.data.is_some_and(|data| data.is_json()) {
            self.out.extend_from_slice(record.raw_data());
        }
        self.out.extend_from_slice(END);
        start..self.out.len()
    }

    /// Changes the entry of a failed record into that of a dropped one, and fills the difference in length
    /// with blanks.
    pub fn drop_after_all(&mut self, record_id: JsonText<'_>, entry: Range<usize>) {
        let dropped =
            [ID, record_id.raw(), DROPPED, END.split_last().map_or(END, |(_comma, end)| end)].concat();
        let Some((last, place)) = self.out.get_mut(entry).and_then(<[u8]>::split_last_mut) else { return };
        let Some((start, rest)) = place.split_at_mut_checked(dropped.len()) else { return };
        start.copy_from_slice(&dropped);
        rest.fill(b' ');
        *last = b',';
    }

    /// Like `failed`, but without data. This is the shortest entry for a record that can't be dropped.
    pub fn failed_without_data(&mut self, record: &FirehoseRecord<'_>) -> Range<usize> {
        self.failed(&FirehoseRecord { data: None, ..*record })
    }

    /// Returns the length so far in bytes, including the bytes that end the answer.
    pub fn bytes(&self) -> usize {
        self.out.len() + TAIL.len()
    }

    /// Returns how many bytes `ok` would add.
    pub fn ok_bytes(record_id: JsonText<'_>, document: &[u8], metadata: &[u8]) -> usize {
        let end = if metadata.is_empty() {
            END.len()
        } else {
            METADATA.len() + metadata.len() + METADATA_END.len()
        };
        ID.len() + record_id.raw().len() + OK.len() + STANDARD.encoded_length(document.len()) + end
    }

    /// Returns how many bytes `dropped` would add.
    pub fn dropped_bytes(record_id: JsonText<'_>) -> usize {
        ID.len() + record_id.raw().len() + DROPPED.len() + END.len()
    }

    /// Returns the most bytes that `failed` would add.
    pub fn failed_bytes(record: &FirehoseRecord<'_>) -> usize {
        Self::shortest_bytes(record) + record.raw_data().len()
    }

    /// Returns how many bytes `failed_without_data` would add.
    pub fn shortest_bytes(record: &FirehoseRecord<'_>) -> usize {
        ID.len() + record.record_id.raw().len() + FAILED.len() + END.len()
    }

    /// Ends the answer.
    pub fn finish(mut self) -> Bytes {
        if self.out.last() == Some(&b',') {
            self.out.pop();
        }
        self.out.extend_from_slice(TAIL);
        self.out.into()
    }

    fn start(&mut self, record_id: JsonText<'_>, result: &[u8]) {
        self.out.extend_from_slice(ID);
        self.out.extend_from_slice(record_id.raw());
        self.out.extend_from_slice(result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::events::{FirehoseEvent, RecordMetadata, TableRoute};

    const EVENT: &[u8] = br#"{"records":[{"recordId":"a\"1","data":"eA=="},{"recordId":"b","data":"eQ=="}]}"#;

    #[test]
    fn entries_have_the_documented_form() {
        let event = FirehoseEvent::parse(EVENT).unwrap();
        let mut answer = FirehoseAnswer::new(Vec::new());
        answer.ok(event.records[0].record_id, b"{}\n", b"");
        answer.dropped(event.records[1].record_id);
        answer.failed(&event.records[1]);
        let json = answer.finish();
        assert_eq!(
            json,
            concat!(
                r#"{"records":[{"recordId":"a\"1","result":"Ok","data":"e30K"},"#,
                r#"{"recordId":"b","result":"Dropped","data":""},"#,
                r#"{"recordId":"b","result":"ProcessingFailed","data":"eQ=="}]}"#
            )
        );
    }

    #[test]
    fn metadata_has_the_documented_form() {
        let mut json = Vec::new();
        let table = TableRoute { database: "db", table: "t", operation: "insert" };
        RecordMetadata { partition_keys: &[("beat", "3\"C")], table: Some(table) }.write_json(&mut json);
        assert_eq!(
            String::from_utf8(json).unwrap(),
            concat!(
                r#"{"partitionKeys":{"beat":"3\"C"},"otfMetadata":"#,
                r#"{"destinationDatabaseName":"db","destinationTableName":"t","operation":"insert"}}"#
            )
        );
    }

    #[test]
    fn a_failed_entry_becomes_a_dropped_one_in_its_place() {
        let event = FirehoseEvent::parse(EVENT).unwrap();
        let mut answer = FirehoseAnswer::new(Vec::new());
        let first = answer.failed(&event.records[0]);
        let second = answer.failed(&event.records[1]);
        answer.drop_after_all(event.records[0].record_id, first);
        answer.drop_after_all(event.records[1].record_id, second);
        let answer: serde_json::Value = serde_json::from_slice(&answer.finish()).unwrap();
        let dropped = |id| serde_json::json!({ "recordId": id, "result": "Dropped", "data": "" });
        assert_eq!(answer["records"], serde_json::json!([dropped("a\"1"), dropped("b")]));
    }

    #[test]
    fn data_that_json_can_not_hold_is_left_out_of_an_answer() {
        for data in [&b"\xFF"[..], b"a\nb", b"\\x"] {
            let event = [b"{\"records\":[{\"recordId\":\"a\",\"data\":\"", data, b"\"}]}"].concat();
            let event = FirehoseEvent::parse(&event).unwrap();
            let mut answer = FirehoseAnswer::new(Vec::new());
            answer.failed(&event.records[0]);
            let answer: serde_json::Value = serde_json::from_slice(&answer.finish()).unwrap();
            let failed = serde_json::json!({ "recordId": "a", "result": "ProcessingFailed", "data": "" });
            assert_eq!(answer["records"], serde_json::json!([failed]));
        }
    }

    #[test]
    fn a_record_whose_id_no_answer_can_repeat_makes_the_event_unreadable() {
        let error = FirehoseEvent::parse(b"{\"records\":[{\"recordId\":\"\xFF\"}]}").unwrap_err();
        assert_eq!(error, crate::lambda::events::EventError::NoIdentity { index: 0, name: "recordId" });
    }

    #[test]
    fn costs_are_what_is_written() {
        let event = FirehoseEvent::parse(EVENT).unwrap();
        let record = event.records[0];
        let id = record.record_id;
        assert_costs(FirehoseAnswer::ok_bytes(id, b"{}", b""), |answer| answer.ok(id, b"{}", b""));
        assert_costs(FirehoseAnswer::ok_bytes(id, b"", b"{}"), |answer| answer.ok(id, b"", b"{}"));
        assert_costs(FirehoseAnswer::failed_bytes(&record), |answer| {
            answer.failed(&record);
        });
        assert_costs(FirehoseAnswer::shortest_bytes(&record), |answer| {
            answer.failed_without_data(&record);
        });
    }

    #[track_caller]
    fn assert_costs(bytes: usize, write: impl Fn(&mut FirehoseAnswer)) {
        let mut answer = FirehoseAnswer::new(Vec::new());
        let before = answer.bytes();
        write(&mut answer);
        assert_eq!(answer.bytes(), before + bytes);
    }
}
