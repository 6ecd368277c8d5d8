//! The only entry point: from the bytes of a Kinesis record to its user records.

use super::{
    DecodeError, Format, Limits,
    aggregate::Checked,
    chunk::Chunk,
    limits::Budget,
    opener::{Opened, Opener},
};

/// Decodes records of every form, and reuses its buffers from one record to the next.
///
/// Each form is recognised by its first bytes. A KPL aggregate is looked for first. After that gzip, zstd, a
/// chunk frame and a hop frame are looked for as long as one is found, and what is left is the payload. User
/// records of an aggregate are treated in the same way, except that an aggregate inside an aggregate is not
/// looked for.
pub struct Decoder {
    limits: Limits,
    batch_bytes_left: usize,
    opener: Opener,
}

/// One record as its sender meant it.
#[derive(Debug)]
pub struct UserRecord<'a> {
    /// Place in its aggregate, from 0; `None` where the record is not aggregated.
    pub sub_sequence_number: Option<u64>,
    /// The key inside the aggregate; without an aggregate, the Kinesis record's own key applies.
    pub partition_key: Option<&'a str>,
    /// The explicit hash key inside the aggregate, if it has one.
    pub explicit_hash_key: Option<&'a str>,
    /// The wrappings around the content, the outermost first.
    pub formats: &'a [Format],
    /// How often the record was put back on its stream.
    pub hops: u8,
    /// The content, or why this one user record can't be decoded. Its neighbours are not affected.
    pub content: Result<Content<'a>, DecodeError>,
}

/// What a user record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// JSON or delimited text in the data set's form.
    Payload(&'a [u8]),
    /// A piece of a message, which can be decoded once all its pieces are there.
    Chunk(Chunk<'a>),
}

impl Decoder {
    /// Makes a decoder that is ready for its first batch.
    pub fn new(limits: Limits) -> Self {
        Self { limits, batch_bytes_left: limits.batch_bytes_out, opener: Opener::new(limits.depth) }
    }

    /// Restores the whole byte budget of a batch.
    pub fn start_batch(&mut self) {
        self.batch_bytes_left = self.limits.batch_bytes_out;
    }

    /// Visits each user record of one Kinesis record (`data` after Lambda's base64), in order.
    ///
    /// An error concerns the Kinesis record as a whole: what was visited of it before does not count. If a
    /// single user record of an aggregate can't be decoded, that is not such an error: the record is visited
    /// with an `Err` as its content.
    ///
    /// The memory that a record takes beyond a few MiB is released before this returns.
    pub fn decode(&mut self, data: &[u8], visit: &mut dyn FnMut(UserRecord<'_>)) -> Result<(), DecodeError> {
        let decoded = self.visit_records(data, visit);
        self.opener.give_back();
        decoded
    }

    fn visit_records(
        &mut self,
        data: &[u8],
        visit: &mut dyn FnMut(UserRecord<'_>),
    ) -> Result<(), DecodeError> {
        let mut budget = Budget::for_record(&self.limits, &mut self.batch_bytes_left);
        let Some(aggregate) = Checked::new(data).aggregate(self.limits.sub_records)? else {
            let Opened { formats, hops, content } = self.opener.open(None, data, &mut budget);
            visit(UserRecord {
                sub_sequence_number: None,
                partition_key: None,
                explicit_hash_key: None,
                formats,
                hops,
                content: Ok(content?),
            });
            return Ok(());
        };
        for (sub_sequence_number, record) in (0..).zip(aggregate.records()) {
            let Opened { formats, hops, content } = match &record {
                Ok(keyed) => self.opener.open(Some(Format::Kpl), keyed.data, &mut budget),
                Err(error) => Opened::spoiled(error),
            };
            let content = match content {
                Err(error) if error.is_batch_budget() => return Err(error),
                content => content,
            };
            let keyed = record.ok();
            visit(UserRecord {
                sub_sequence_number: Some(sub_sequence_number),
                partition_key: keyed.as_ref().map(|keyed| keyed.partition_key),
                explicit_hash_key: keyed.and_then(|keyed| keyed.explicit_hash_key),
                formats,
                hops,
                content,
            });
        }
        Ok(())
    }
}
