//! Where a kept piece came from, stored in its object's metadata. The sweep needs it to put the piece into
//! quarantine.

use base64_simd::URL_SAFE_NO_PAD;
use edge::store::Attributes;
use record_model::layout::Position;

const STREAM: &str = "stream";
const SHARD_ID: &str = "shard-id";
const SEQUENCE_NUMBER: &str = "sequence-number";
const SUB_SEQUENCE_NUMBER: &str = "sub-sequence-number";
const ARRIVED_AT_MS: &str = "arrived-at-ms";
/// The key is in base64, since it may contain any character.
const PARTITION_KEY: &str = "partition-key-base64";

/// Writes the place as attributes.
pub(crate) fn write(position: &Position<'_>, partition_key: &str) -> Attributes {
    let sub = position.sub_sequence_number.map(|sub| sub.to_string()).unwrap_or_default();
    let members = [
        (STREAM, position.stream.to_owned()),
        (SHARD_ID, position.shard_id.to_owned()),
        (SEQUENCE_NUMBER, position.sequence_number.to_owned()),
        (SUB_SEQUENCE_NUMBER, sub),
        (ARRIVED_AT_MS, position.arrived_at_ms.to_string()),
        (PARTITION_KEY, URL_SAFE_NO_PAD.encode_to_string(partition_key)),
    ];
    let some = members.into_iter().filter(|(_, value)| !value.is_empty());
    Attributes {
        metadata: some.map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Attributes::default()
    }
}

/// Reads the place and the partition key; `None` if the object was not written here.
pub(crate) fn read(attributes: &Attributes) -> Option<(Position<'_>, String)> {
    let member = |name| attributes.metadata.get(name).map_or("", String::as_str);
    let key = URL_SAFE_NO_PAD.decode_to_vec(member(PARTITION_KEY)).ok()?;
    let position = Position {
        stream: member(STREAM),
        shard_id: member(SHARD_ID),
        sequence_number: attributes.metadata.get(SEQUENCE_NUMBER)?,
        sub_sequence_number: member(SUB_SEQUENCE_NUMBER).parse().ok(),
        arrived_at_ms: member(ARRIVED_AT_MS).parse().ok()?,
    };
    Some((position, String::from_utf8(key).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_object() {
        let position = Position {
            stream: "tweets",
            shard_id: "shardId-000000000001",
            sequence_number: "495",
            sub_sequence_number: Some(3),
            arrived_at_ms: 1_767_322_999_999,
        };
        let attributes = write(&position, "ключ 1");
        assert_eq!(read(&attributes), Some((position, "ключ 1".to_owned())));
    }
}
