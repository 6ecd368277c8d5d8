//! A document that is delivered to an index.

use bytes::Bytes;

use crate::aws::clock::Moment;
use crate::aws::firehose::apart::UserRecord;
use crate::aws::firehose::checkpoint::Origin;

/// The memory that a document needs beside its bytes, rounded up: its id, its index and its place in the queue.
const OVERHEAD_BYTES: usize = 256;

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::aws::firehose) struct Document {
    pub(super) origin: Origin,
    pub(super) arrived_at: Moment,
    /// The place of its record in the stream, so it is the same in every attempt and in every run.
    pub(super) id: String,
    /// One line, without its line end.
    pub(super) data: Bytes,
}

impl Document {
    pub(super) fn new(record: &UserRecord, data: Bytes) -> Self {
        let UserRecord { shard_id, sequence_number, sub_sequence_number, .. } = record;
        let id = format!("{shard_id}:{sequence_number}:{sub_sequence_number}");
        Self { origin: record.origin, arrived_at: record.arrived_at, id, data }
    }

    /// Returns why the document can't be a line of a bulk request, or `None` if it can. The second of two lines would
    /// be read as another action, and a record must not be able to contain one.
    pub(super) fn fault(&self) -> Option<&'static str> {
        match self.data.as_ref() {
            [] => Some("the document is empty"),
            data if data.contains(&b'\n') || data.contains(&b'\r') => {
                Some("the document is more than one line, and a bulk request takes one line a document")
            }
            _ => None,
        }
    }

    /// The memory that it needs at most, in bytes.
    pub(super) fn held_bytes(&self) -> usize {
        self.data.len() + OVERHEAD_BYTES
    }
}

/// Removes line ends, which only S3 needs, from the end of a document.
pub(super) fn without_line_end(data: &Bytes) -> Bytes {
    let end = data.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    data.slice(..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::firehose::made_up;

    #[track_caller]
    fn check(data: &[u8], line: &[u8], is_fit: bool) {
        let data = without_line_end(&Bytes::copy_from_slice(data));
        assert_eq!(data, line);
        let document = Document::new(&made_up::record(0, b"r"), data);
        assert_eq!(document.fault().is_none(), is_fit);
    }

    #[test]
    fn a_document_is_one_line_and_never_an_action_of_its_own() {
        check(b"{}\r\n\n", b"{}", true);
        check(
            b"{}\n{\"delete\":{\"_index\":\"other\",\"_id\":\"1\"}}\n",
            b"{}\n{\"delete\":{\"_index\":\"other\",\"_id\":\"1\"}}",
            false,
        );
        check(b"{}\r{}", b"{}\r{}", false);
        check(b"\n", b"", false);
    }
}
