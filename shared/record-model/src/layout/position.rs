//! The place of a record in its stream, and the id that follows from it.

use std::fmt;

/// The place of one user record: the same each time the record is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position<'a> {
    /// Name of the stream.
    pub stream: &'a str,
    /// Shard that the record was read from.
    pub shard_id: &'a str,
    /// Sequence number of the Kinesis record.
    pub sequence_number: &'a str,
    /// Place in an aggregate, from 0; `None` where the record is not aggregated.
    pub sub_sequence_number: Option<u64>,
    /// When the Kinesis record arrived, milliseconds since 1970 UTC.
    pub arrived_at_ms: i64,
}

/// What identifies a user record everywhere. Its `Display` form is `<stream>:<shard>:<sequence
/// number>:<sub>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordId<'a> {
    /// Name of the stream.
    pub stream: &'a str,
    /// Shard that the record was read from.
    pub shard_id: &'a str,
    /// Sequence number of the Kinesis record.
    pub sequence_number: &'a str,
    /// Place in an aggregate, from 0; 0 where the record is not aggregated.
    pub sub_sequence_number: u64,
}

impl<'a> Position<'a> {
    /// Returns the place of one record in the aggregate at this place.
    #[must_use]
    pub fn of_sub(self, sub_sequence_number: Option<u64>) -> Self {
        Self { sub_sequence_number, ..self }
    }

    /// Returns the record's id.
    pub fn id(&self) -> RecordId<'a> {
        let Self { stream, shard_id, sequence_number, sub_sequence_number, .. } = *self;
        RecordId::new(stream, shard_id, sequence_number, sub_sequence_number)
    }
}

impl<'a> RecordId<'a> {
    /// Makes the id of the record at this place; `sub_sequence_number` is `None` if the record is not
    /// aggregated.
    pub fn new(
        stream: &'a str,
        shard_id: &'a str,
        sequence_number: &'a str,
        sub_sequence_number: Option<u64>,
    ) -> Self {
        let sub_sequence_number = sub_sequence_number.unwrap_or(0);
        Self { stream, shard_id, sequence_number, sub_sequence_number }
    }

    /// Reads the form that [`RecordId`] prints, and no other. No part of an id may contain a colon.
    pub fn parse(id: &'a str) -> Option<Self> {
        let mut parts = id.split(':');
        let mut part = || parts.next();
        let (stream, shard_id, sequence_number, sub) = (part()?, part()?, part()?, part()?);
        let read = Self { stream, shard_id, sequence_number, sub_sequence_number: sub.parse().ok()? };
        (read.to_string() == id).then_some(read)
    }
}

impl fmt::Display for RecordId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, shard_id, sequence_number, sub_sequence_number } = self;
        write!(f, "{stream}:{shard_id}:{sequence_number}:{sub_sequence_number}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POSITION: Position<'_> = Position {
        stream: "tweets",
        shard_id: "shardId-000000000006",
        sequence_number: "495",
        sub_sequence_number: None,
        arrived_at_ms: 1_767_322_999_999,
    };

    #[test]
    fn an_id_names_the_place_down_to_the_record_of_an_aggregate() {
        assert_eq!(POSITION.id().to_string(), "tweets:shardId-000000000006:495:0");
        assert_eq!(POSITION.of_sub(Some(7)).id().to_string(), "tweets:shardId-000000000006:495:7");
    }

    #[test]
    fn only_the_printed_form_is_read() {
        for other in ["", "s:sh:1", "s:sh:1:x", "s:sh:1:+2", "s:sh:1:02", "s:sh:1:2:3"] {
            assert_eq!(RecordId::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(
            stream in "[a-zA-Z0-9_.-]{1,128}",
            shard_id in "shardId-[0-9]{12}",
            sequence_number in "0|[1-9][0-9]{0,128}",
            sub: Option<u64>,
        ) {
            let id = RecordId::new(&stream, &shard_id, &sequence_number, sub);
            let printed = id.to_string();
            prop_assert_eq!(RecordId::parse(&printed), Some(id));
        }
    }
}
