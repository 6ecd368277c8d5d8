//! What one record and one batch may cost.

use allocation_counter::measure;
use md5::{Digest, Md5};
use record_model::kpl::{Aggregated, Aggregator, Draft};
use record_model::{Content, DecodeError, Decoder, Format, Limits};

use super::{aggregate, decode, decode_with, gzip, payload, zstd};

#[test]
fn wrappings_have_a_limit() {
    let limits = Limits { depth: 2, ..Limits::default() };
    let twice = gzip(&zstd(b"row"));
    let mut decoder = Decoder::new(limits);
    let expected = payload(b"row", &[Format::Gzip, Format::Zstd], 0);
    assert_eq!(decode_with(&mut decoder, &twice), Ok(vec![expected]));
    assert_eq!(decode_with(&mut decoder, &gzip(&twice)), Err(DecodeError::Depth { limit: 2 }));
    let seen = decode_with(&mut decoder, &aggregate(&[&twice, b"next"])).unwrap();
    assert_eq!(seen[0].content, Err(DecodeError::Depth { limit: 2 }));
    assert_eq!(seen[1].content, Ok(b"next".to_vec()));
}

#[test]
fn a_record_that_opens_to_too_much_is_refused() {
    let limits = Limits { record_bytes_out: 1_000, ..Limits::default() };
    for compress in [gzip, zstd] {
        let mut decoder = Decoder::new(limits);
        let just_right = decode_with(&mut decoder, &compress(&[b'x'; 1_000])).unwrap();
        assert_eq!(just_right[0].content.as_ref().unwrap().len(), 1_000);
        let too_much = Err(DecodeError::RecordBytes { limit: 1_000 });
        assert_eq!(decode_with(&mut decoder, &compress(&[b'x'; 1_001])), too_much);
        let several = [compress(&[b'x'; 600]), compress(&[b'x'; 600])].concat();
        assert_eq!(decode_with(&mut decoder, &several), too_much);
    }
}

#[test]
fn user_records_share_the_budget_of_their_record() {
    let limits = Limits { record_bytes_out: 1_000, ..Limits::default() };
    let (fits, bomb) = (gzip(&[b'x'; 400]), gzip(&[b'x'; 700]));
    let seen = decode_with(&mut Decoder::new(limits), &aggregate(&[&fits, &bomb, &fits, b"plain"])).unwrap();
    let outcomes: Vec<Option<usize>> =
        seen.iter().map(|record| record.content.as_ref().ok().map(Vec::len)).collect();
    assert_eq!(outcomes, [Some(400), None, None, Some(5)]);
}

#[test]
fn a_batch_that_opens_to_too_much_stops_at_a_record_and_goes_on_with_it_in_the_next() {
    let limits = Limits { record_bytes_out: 1_000, batch_bytes_out: 1_500, ..Limits::default() };
    let mut decoder = Decoder::new(limits);
    let record = gzip(&[b'x'; 900]);
    assert!(decode_with(&mut decoder, &record).is_ok());
    let stopped = decode_with(&mut decoder, &record).unwrap_err();
    assert!(stopped.is_batch_budget());
    let in_aggregate = decode_with(&mut decoder, &aggregate(&[&record, b"plain"])).unwrap_err();
    assert!(in_aggregate.is_batch_budget());
    decoder.start_batch();
    assert!(decode_with(&mut decoder, &record).is_ok());
}

#[test]
fn the_first_record_of_a_batch_never_meets_the_batch_budget() {
    let limits = Limits { record_bytes_out: 5_000, batch_bytes_out: 1_000, ..Limits::default() };
    let refused = decode_with(&mut Decoder::new(limits), &gzip(&[b'x'; 2_000])).unwrap_err();
    assert_eq!(refused, DecodeError::RecordBytes { limit: 1_000 });
    assert!(!refused.is_batch_budget());
}

#[test]
fn an_aggregate_has_a_limit_of_user_records() {
    let limits = Limits { sub_records: 2, ..Limits::default() };
    let mut decoder = Decoder::new(limits);
    assert_eq!(decode_with(&mut decoder, &aggregate(&[b"1", b"2"])).unwrap().len(), 2);
    let refused = decode_with(&mut decoder, &aggregate(&[b"1", b"2", b"3"]));
    assert_eq!(refused, Err(DecodeError::SubRecords { limit: 2 }));
}

#[test]
fn a_record_fails_the_same_way_whatever_was_opened_before() {
    // More than the limit, a break behind it, and a trailer that claims little.
    let mut gzip_bomb = gzip(&[0; 1_000]);
    let trailer = gzip_bomb.len() - 8;
    gzip_bomb.truncate(trailer - 1);
    gzip_bomb.extend([0xFF; 4]);
    gzip_bomb.extend([1, 0, 0, 0]);
    let limits = Limits { record_bytes_out: 100, ..Limits::default() };
    let fresh = decode_with(&mut Decoder::new(limits), &gzip_bomb);
    let mut used = Decoder::new(Limits { record_bytes_out: 100, ..limits });
    decode_with(&mut used, &zstd(&[7; 100])).unwrap();
    assert_eq!(decode_with(&mut used, &gzip_bomb), fresh);
    assert!(fresh.is_err());
}

#[test]
fn an_aggregate_may_not_list_more_keys_than_it_may_have_records() {
    let limits = Limits { sub_records: 2, ..Limits::default() };
    let mut aggregator = Aggregator::new(1 << 20);
    for (partition_key, explicit_hash_key) in [("a", "1"), ("b", "2"), ("c", "3")] {
        let draft = Draft { partition_key, explicit_hash_key: Some(explicit_hash_key), data: b"" };
        assert!(aggregator.push(&draft));
    }
    let Aggregated { data, .. } = aggregator.finish().unwrap();
    // The same tables without a record: nothing but keys.
    let message = &data[4..data.len() - 16];
    let tables = message.iter().position(|byte| *byte == 0x1A).unwrap();
    let keys_only = sealed(&message[..tables]);
    assert_eq!(decode(&keys_only), Ok(Vec::new()));
    assert_eq!(decode_with(&mut Decoder::new(limits), &keys_only), Err(DecodeError::SubRecords { limit: 2 }));
}

fn sealed(message: &[u8]) -> Vec<u8> {
    [&[0xF3, 0x89, 0x9A, 0xC2], message, &Md5::digest(message)].concat()
}

#[test]
fn memory_of_a_large_record_is_given_back_before_the_next() {
    const LIMIT: usize = 64 << 20;
    let large = vec![b'x'; 24 << 20];
    let nested = gzip(&zstd(&gzip(&large)));
    let mut decoder = Decoder::new(Limits { record_bytes_out: LIMIT, ..Limits::default() });
    for record in [gzip(&large), zstd(&large), nested, [gzip(&large), gzip(b"more")].concat()] {
        decoder.start_batch();
        let mut filled = 0;
        let taken = measure(|| {
            let outcome = decoder.decode(&record, &mut |record| {
                filled = record.content.map_or(0, |content| match content {
                    Content::Payload(bytes) => bytes.len(),
                    Content::Chunk(_) => 0,
                });
            });
            assert_eq!(outcome, Ok(()));
        });
        assert!(filled >= large.len());
        // Each depth keeps a few MiB for the next record.
        assert!(taken.bytes_current <= 9 << 20, "{taken:?}");
        // Where room grows it is moved, and is there twice for a moment.
        assert!(taken.bytes_max <= 2 * LIMIT as u64, "{taken:?}");
    }
}
