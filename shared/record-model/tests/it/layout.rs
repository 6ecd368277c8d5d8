//! Every key is read back as it was written, and a text that no key is written as is not read.

use std::fmt::Debug;

use proptest::prelude::*;
use record_model::chunk::Message;
use record_model::layout::{
    ChunkEntry, ChunkKey, CursorKey, EnrichedKey, Extension, Hour, InputKey, LedgerKey, MessageFolder,
    Position, QuarantineKey, ReasonsKey, RecordName, WindowKey,
};

const DATA_SET: &str = "[a-zA-Z0-9_-]{1,12}";
const SHARD_ID: &str = "shardId-[0-9]{12}";
const SEQUENCE_NUMBER: &str = "0|[1-9][0-9]{0,128}";
const TIME: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z";

/// Every character that Kinesis allows in a name, and names that look like a part of a key.
fn stream() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9_.-]{1,30}", "[a-z]{0,3}-shardId-[0-9]{1,12}-[0-9]{1,5}", "[a-z]-e1[.]ndjson[.]gz"]
}

#[track_caller]
fn check<T: Debug + PartialEq>(key: &str, parsed: Option<T>, expected: &T) -> Result<(), TestCaseError> {
    prop_assert_eq!(parsed.as_ref(), Some(expected), "{}", key);
    Ok(())
}

proptest! {
    #[test]
    fn keys_of_output_objects_are_read_as_written(
        data_set in DATA_SET,
        stream in stream(),
        shard_id in SHARD_ID,
        sequence_number in SEQUENCE_NUMBER,
        ms: i64,
        epoch in proptest::option::of("[a-zA-Z0-9]{1,32}"),
        is_gzip: bool,
    ) {
        let first = RecordName { stream: &stream, shard_id: &shard_id, sequence_number: &sequence_number };
        let extension = if is_gzip { Extension::Gzip } else { Extension::Zstd };
        let hour = Hour::of_ms(ms);
        let key = EnrichedKey { data_set: &data_set, hour, first, epoch: epoch.as_deref(), extension };
        check(&key.key(), EnrichedKey::parse(&key.key()), &key)?;
        prop_assert!(key.key().starts_with(&EnrichedKey::prefix(&data_set)));
    }

    #[test]
    fn keys_of_records_put_aside_are_read_as_written(
        data_set in DATA_SET,
        stream in stream(),
        shard_id in SHARD_ID,
        sequence_number in SEQUENCE_NUMBER,
        sub_sequence_number: Option<u64>,
        arrived_at_ms: i64,
        source: String,
        position: u64,
    ) {
        let place = Position {
            stream: &stream,
            shard_id: &shard_id,
            sequence_number: &sequence_number,
            sub_sequence_number,
            arrived_at_ms,
        };
        let of_stream = QuarantineKey::of_stream(&data_set, &place);
        check(&of_stream.key(), QuarantineKey::parse(&of_stream.key()), &of_stream)?;
        let of_source = QuarantineKey::of_source(&data_set, &source, None, position, "cGF5bG9hZA==");
        check(&of_source.key(), QuarantineKey::parse(&of_source.key()), &of_source)?;
        prop_assert!(of_source.key().starts_with(&QuarantineKey::prefix(&data_set)));
    }

    #[test]
    fn keys_of_windows_are_read_as_written(
        data_set in DATA_SET,
        start in TIME,
        end in TIME,
        stream in stream(),
        shard_id in SHARD_ID,
        sequence_number in SEQUENCE_NUMBER,
    ) {
        let first = RecordName { stream: &stream, shard_id: &shard_id, sequence_number: &sequence_number };
        let key = WindowKey { data_set: &data_set, start: &start, end: &end, first };
        check(&key.key(), WindowKey::parse(&key.key()), &key)?;
    }

    #[test]
    fn keys_of_chunks_are_read_as_written(
        stream in stream(),
        (id, count, length, crc32c) in any::<(u128, u32, u32, u32)>(),
        index: u32,
        record in "[a-z]{1,5}:shardId-[0-9]{12}:[0-9]{1,5}:[0-9]",
    ) {
        let folder = MessageFolder { stream: &stream, message: Message { id, count, length, crc32c } };
        let entries =
            [ChunkEntry::Piece(index), ChunkEntry::Verdict(&record), ChunkEntry::Claim, ChunkEntry::InQuarantine];
        for entry in entries {
            let key = ChunkKey { folder, entry };
            check(&key.key(), ChunkKey::parse(&key.key()), &key)?;
            prop_assert!(key.key().starts_with(&folder.prefix()));
            prop_assert!(key.key().starts_with(&MessageFolder::prefix_of_all(&stream)));
        }
    }

    #[test]
    fn keys_of_state_are_read_as_written(
        data_set in DATA_SET,
        source: String,
        stream in stream(),
        shard_id in SHARD_ID,
        epoch in "[a-zA-Z0-9]{1,32}",
    ) {
        let cursor = CursorKey::of(&data_set, &source);
        check(&cursor.key(), CursorKey::parse(&cursor.key()), &cursor)?;
        prop_assert!(cursor.key().starts_with(CursorKey::PREFIX));
        let ledger = LedgerKey { stream: &stream, shard_id: &shard_id, epoch: &epoch };
        check(&ledger.key(), LedgerKey::parse(&ledger.key()), &ledger)?;
    }

    #[test]
    fn keys_of_inputs_and_reasons_are_read_as_written(
        data_set in DATA_SET,
        name in "[a-zA-Z0-9 ._/-]{1,30}",
        invocation: String,
        record_id: String,
        ms: i64,
    ) {
        let input = InputKey { data_set: &data_set, name: &name };
        check(&input.key(), InputKey::parse(&input.key()), &input)?;
        let reasons = ReasonsKey::of(&data_set, &invocation, &record_id, ms);
        check(&reasons.key(), ReasonsKey::parse(&reasons.key()), &reasons)?;
        prop_assert!(reasons.key().starts_with(&ReasonsKey::prefix(&data_set)));
    }

    #[test]
    fn a_changed_key_is_another_key_or_none(key in any_key(), at: prop::sample::Index, other in "[a-z0-9+/:. -]?") {
        let mut changed = key;
        let at = at.index(changed.len());
        changed.replace_range(at..=at, &other);
        let written = [
            EnrichedKey::parse(&changed).map(|key| key.key()),
            QuarantineKey::parse(&changed).map(|key| key.key()),
            ReasonsKey::parse(&changed).map(|key| key.key()),
            WindowKey::parse(&changed).map(|key| key.key()),
            InputKey::parse(&changed).map(|key| key.key()),
            CursorKey::parse(&changed).map(|key| key.key()),
            ChunkKey::parse(&changed).map(|key| key.key()),
            LedgerKey::parse(&changed).map(|key| key.key()),
        ];
        for key in written.into_iter().flatten() {
            prop_assert_eq!(&key, &changed);
        }
    }
}

/// One key of each kind, as the bucket has them.
const KEYS: [&str; 11] = [
    "enriched/tweets/dt=2026-01-02/hour=03/t-shardId-000000000006-495.ndjson.gz",
    "enriched/tweets/dt=2026-01-02/hour=03/t-shardId-000000000006-495-e7.ndjson.zst",
    "quarantine/tweets/dt=2026-01-02/hour=03/t-shardId-000000000006-495.json",
    "quarantine/tweets/dt=2026-01-02/hour=03/t-shardId-000000000006-495-7.json",
    "quarantine/users/source=0123456789abcdef0123456789abcdef/00000000000000000042-89abcdef.json",
    "failed/crime/reasons/dt=2026-01-02/hour=03/1a-2b.ndjson",
    "windows/users/2026-01-02T03:00:00Z-2026-01-02T03:01:00Z-u-shardId-000000000000-9.json",
    "inputs/crime/crime.csv",
    "state/cursor/crime/0123456789abcdef0123456789abcdef.json",
    "state/chunks/t/0123456789abcdef0123456789abcdef-89abcdef-3-3/0000000001",
    "state/ledger/t/shardId-000000000006/0",
];

fn any_key() -> impl Strategy<Value = String> {
    prop::sample::select(KEYS.map(str::to_owned).to_vec())
}

#[test]
fn each_key_of_the_bucket_is_read_by_the_one_type_it_belongs_to() {
    for key in KEYS {
        let read = [
            EnrichedKey::parse(key).is_some(),
            QuarantineKey::parse(key).is_some(),
            ReasonsKey::parse(key).is_some(),
            WindowKey::parse(key).is_some(),
            InputKey::parse(key).is_some(),
            CursorKey::parse(key).is_some(),
            ChunkKey::parse(key).is_some(),
            LedgerKey::parse(key).is_some(),
        ];
        assert_eq!(read.iter().filter(|read| **read).count(), 1, "{key}");
    }
}

#[test]
fn an_invocation_id_that_could_lead_elsewhere_is_not_in_the_key() {
    let key = ReasonsKey::of("crime", "../../enriched/x", "record", 0).key();
    assert!(key.starts_with("failed/crime/reasons/dt=1970-01-01/hour=00/") && !key.contains(".."), "{key}");
}
