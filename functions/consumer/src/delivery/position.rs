//! Where a record stands in its stream, and the object keys that follow from it.

use std::fmt;

use edge::lambda::events::KinesisRecord;
use edge::store::hour_prefix;

/// The place of one user record: the same each time the record is delivered.
///
/// Its `Display` form is the line's id, `<stream>:<shard>:<sequence>:<sub>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position<'a> {
    /// Name of the stream.
    pub stream: &'a str,
    /// Shard the record was read from.
    pub shard_id: &'a str,
    /// Sequence number of the Kinesis record.
    pub sequence_number: &'a str,
    /// Place in an aggregate, from 0; none where the record is not aggregated.
    pub sub_sequence_number: Option<u64>,
    /// When the Kinesis record arrived, milliseconds since 1970 UTC.
    pub arrived_at_ms: i64,
}

impl<'a> Position<'a> {
    /// The place of a Kinesis record as a whole.
    pub fn of(record: &KinesisRecord<'a>) -> Self {
        Self {
            stream: record.stream,
            shard_id: record.shard_id,
            sequence_number: record.sequence_number,
            sub_sequence_number: None,
            arrived_at_ms: record.arrived_at_ms,
        }
    }

    /// The place of one record of the aggregate that stands here.
    #[must_use]
    pub fn of_sub(self, sub_sequence_number: Option<u64>) -> Self {
        Self { sub_sequence_number, ..self }
    }

    /// Key of the output object of a batch that starts here, without its extension.
    pub(crate) fn enriched_key(&self, data_set: &str) -> String {
        let Self { stream, shard_id, sequence_number, .. } = self;
        format!(
            "enriched/{data_set}/{}/{stream}-{shard_id}-{sequence_number}",
            hour_prefix(self.arrived_at_ms)
        )
    }

    /// Key of this record's copy in quarantine.
    pub(crate) fn quarantine_key(&self, data_set: &str) -> String {
        let Self { stream, shard_id, sequence_number, .. } = self;
        let sub = self.sub_sequence_number.map(|sub| format!("-{sub}")).unwrap_or_default();
        let hour = hour_prefix(self.arrived_at_ms);
        format!("quarantine/{data_set}/{hour}/{stream}-{shard_id}-{sequence_number}{sub}.json")
    }
}

impl fmt::Display for Position<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sub = self.sub_sequence_number.unwrap_or(0);
        write!(f, "{}:{}:{}:{sub}", self.stream, self.shard_id, self.sequence_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSITION: Position<'_> = Position {
        stream: "tweets",
        shard_id: "shardId-000000000006",
        sequence_number: "495",
        sub_sequence_number: None,
        arrived_at_ms: 1_767_322_999_999,
    };

    #[test]
    fn keys_are_of_the_hour_the_record_arrived_in() {
        assert_eq!(
            POSITION.enriched_key("t"),
            "enriched/t/dt=2026-01-02/hour=03/tweets-shardId-000000000006-495"
        );
        let of_aggregate = POSITION.of_sub(Some(7));
        assert_eq!(
            of_aggregate.quarantine_key("t"),
            "quarantine/t/dt=2026-01-02/hour=03/tweets-shardId-000000000006-495-7.json"
        );
    }

    #[test]
    fn an_id_names_the_place_down_to_the_record_of_an_aggregate() {
        assert_eq!(POSITION.to_string(), "tweets:shardId-000000000006:495:0");
        assert_eq!(POSITION.of_sub(Some(7)).to_string(), "tweets:shardId-000000000006:495:7");
    }
}
