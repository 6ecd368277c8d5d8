//! A document on its way into an index.

use bytes::Bytes;

use crate::aws::clock::Moment;
use crate::aws::firehose::apart::UserRecord;
use crate::aws::firehose::checkpoint::Origin;

/// What a document takes beside its bytes, rounded up: its id, its index and its place in the queue.
const OVERHEAD_BYTES: usize = 256;

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::aws::firehose) struct Document {
    pub(super) origin: Origin,
    pub(super) arrived_at: Moment,
    /// Where its record is in the stream, so that it is the same in every try and in every run.
    pub(super) id: String,
    /// One line, without its end.
    pub(super) data: Bytes,
}

impl Document {
    pub(super) fn new(record: &UserRecord, data: Bytes) -> Self {
        let UserRecord { shard_id, sequence_number, sub_sequence_number, .. } = record;
        let id = format!("{shard_id}:{sequence_number}:{sub_sequence_number}");
        Self { origin: record.origin, arrived_at: record.arrived_at, id, data }
    }

    /// Why it can't be a line of a bulk request. One that is two lines would be read as a further action, of which a
    /// record must not have any.
    pub(super) fn fault(&self) -> Option<&'static str> {
        match self.data.as_ref() {
            [] => Some("the document is empty"),
            data if data.contains(&b'\n') || data.contains(&b'\r') => {
                Some("the document is more than one line, and a bulk request takes one line a document")
            }
            _ => None,
        }
    }

    /// How much memory it holds, at most.
    pub(super) fn held_bytes(&self) -> usize {
        self.data.len() + OVERHEAD_BYTES
    }
}

/// The bytes without the line end that S3 would need.
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
