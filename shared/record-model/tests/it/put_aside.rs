//! Records put aside are read back as they were written, and so are those that earlier releases wrote.

use std::borrow::Cow;
use std::path::Path;

use proptest::prelude::*;
use record_model::put_aside::{Origin, PutAside, PutAsideError, Reason};

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/put_aside");
    std::fs::read(folder.join(name)).unwrap()
}

fn lines(fixture: &[u8]) -> impl Iterator<Item = &[u8]> {
    fixture.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

#[test]
fn what_earlier_consumers_wrote_is_read_and_written_alike() {
    let fixture = fixture("consumer.json");
    let read = PutAside::read(&fixture).unwrap();
    assert_eq!(read.payload().unwrap(), b"not json");
    assert_eq!(read.reason.kind, "not_json");
    let Origin::Stream { shard_id, sub_sequence_number, record_id, .. } = &read.origin else {
        panic!("{read:?}")
    };
    assert_eq!((shard_id.as_ref(), *sub_sequence_number), ("shardId-000000000006", Some(2)));
    assert_eq!(*record_id, None);
    assert_eq!(read.to_json().unwrap(), fixture.trim_ascii_end());
}

#[test]
fn what_earlier_producers_wrote_is_read_and_written_alike() {
    let fixture = fixture("producer.json");
    let read = PutAside::read(&fixture).unwrap();
    assert_eq!(read.payload().unwrap(), b"not json");
    let Origin::Source { source, source_version, position, records, .. } = &read.origin else {
        panic!("{read:?}")
    };
    assert_eq!((source.as_ref(), source_version.as_deref()), ("s3://bucket/rows.csv", Some("\"etag\"")));
    assert_eq!((*position, *records), (41, 1));
    assert_eq!(read.to_json().unwrap(), fixture.trim_ascii_end());
}

#[test]
fn lines_of_an_earlier_put_are_read_without_a_source() {
    let fixture = fixture("put.ndjson");
    for line in lines(&fixture) {
        let read = PutAside::read(line).unwrap();
        assert_eq!(read.payload().unwrap(), b"not json");
        let Origin::Source { source, position, .. } = read.origin else { panic!("{read:?}") };
        assert_eq!((source.as_ref(), position), ("", 41));
    }
}

#[test]
fn lines_of_earlier_transforms_are_read_with_or_without_a_place() {
    let fixture = fixture("transform.ndjson");
    let read: Vec<PutAside<'_>> = lines(&fixture).map(|line| PutAside::read(line).unwrap()).collect();
    assert_eq!(read[0].reason.field.as_deref(), Some("district"));
    assert_eq!(read[0].payload().unwrap(), b"not json");
    assert_eq!(read[1].reason.field, None);
    assert!(matches!(read[1].payload(), Err(PutAsideError::NotBase64 { characters: 4 })));
    let Origin::Stream { record_id, sequence_number, .. } = &read[1].origin else { panic!("{:?}", read[1]) };
    assert_eq!((record_id.as_deref(), sequence_number.as_ref()), (Some("direct-put-1"), ""));
}

#[test]
fn what_is_not_of_the_form_is_refused() {
    let read = |json: &str| PutAside::read(json.as_bytes()).map(drop).unwrap_err();
    let rest = r#""reason":{"kind":"k","message":"m"},"payload_base64":"""#;
    assert!(matches!(
        read(&format!(r#"{{"version":2,"position":1,{rest}}}"#)),
        PutAsideError::Version { found: 2 }
    ));
    assert!(matches!(read(&format!("{{{rest}}}")), PutAsideError::NoOrigin));
    assert!(matches!(read(r#"{"position":1}"#), PutAsideError::Form(_)));
    assert!(matches!(read("[]"), PutAsideError::Form(_)));
}

fn text() -> impl Strategy<Value = Cow<'static, str>> {
    ".{0,20}".prop_map(Cow::Owned)
}

fn origin() -> impl Strategy<Value = Origin<'static>> {
    let stream =
        (text(), text(), text(), any::<Option<u64>>(), text(), any::<i64>(), proptest::option::of(text()))
            .prop_map(
                |(
                    stream,
                    shard_id,
                    sequence_number,
                    sub_sequence_number,
                    partition_key,
                    arrived_at_ms,
                    record_id,
                )| {
                    Origin::Stream {
                        stream,
                        shard_id,
                        sequence_number,
                        sub_sequence_number,
                        partition_key,
                        arrived_at_ms,
                        record_id,
                    }
                },
            );
    let source = (text(), text(), proptest::option::of(text()), any::<u64>(), any::<u32>()).prop_map(
        |(stream, source, source_version, position, records)| Origin::Source {
            stream,
            source,
            source_version,
            position,
            records,
        },
    );
    prop_oneof![stream, source]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        origin in origin(),
        kind in text(),
        field in proptest::option::of(text()),
        message in text(),
        payload_base64 in text(),
    ) {
        let put_aside = PutAside { origin, reason: Reason { kind, field, message }, payload_base64 };
        let json = put_aside.to_json().unwrap();
        prop_assert!(!json.contains(&b'\n'));
        prop_assert_eq!(PutAside::read(&json).unwrap(), put_aside);
    }
}
