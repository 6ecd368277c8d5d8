//! The decoder's rules, told through its façade.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod limits;

use proptest::prelude::*;
use record_model::{
    Content, DecodeError, Decoder, Format, Limits, chunk,
    compress::{Gzip, Zstd},
    hop,
    kpl::{Aggregator, Draft},
};

/// What a visit saw, owned.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    sub_sequence_number: Option<u64>,
    partition_key: Option<String>,
    formats: Vec<Format>,
    hops: u8,
    content: Result<Vec<u8>, DecodeError>,
}

fn decode_with(decoder: &mut Decoder, data: &[u8]) -> Result<Vec<Seen>, DecodeError> {
    let mut seen = Vec::new();
    decoder.decode(data, &mut |record| {
        seen.push(Seen {
            sub_sequence_number: record.sub_sequence_number,
            partition_key: record.partition_key.map(ToOwned::to_owned),
            formats: record.formats.to_vec(),
            hops: record.hops,
            content: record.content.map(|content| match content {
                Content::Payload(bytes) => bytes.to_vec(),
                Content::Chunk(chunk) => chunk.piece.to_vec(),
            }),
        });
    })?;
    Ok(seen)
}

fn decode(data: &[u8]) -> Result<Vec<Seen>, DecodeError> {
    decode_with(&mut Decoder::new(Limits::default()), data)
}

fn payload(data: &[u8], formats: &[Format], hops: u8) -> Seen {
    let (formats, content) = (formats.to_vec(), Ok(data.to_vec()));
    Seen { sub_sequence_number: None, partition_key: None, formats, hops, content }
}

#[track_caller]
fn check(data: &[u8], expected: &[u8], formats: &[Format]) {
    assert_eq!(decode(data), Ok(vec![payload(expected, formats, 0)]));
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Gzip::new(6).write(data, None, &mut out).unwrap();
    out
}

fn zstd(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Zstd::new(3).write(data, None, &mut out).unwrap();
    out
}

fn aggregate(user_records: &[&[u8]]) -> Vec<u8> {
    let mut aggregator = Aggregator::new(10 << 20);
    for data in user_records {
        assert!(aggregator.push(&Draft { partition_key: "key", explicit_hash_key: None, data }));
    }
    aggregator.finish().unwrap().data
}

fn framed(chunk: &chunk::Chunk<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    chunk.write(&mut out);
    out
}

fn hopped(hops: u8, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    hop::write(hops, data, &mut out).unwrap();
    out
}

#[test]
fn what_has_no_known_first_bytes_is_the_payload() {
    for data in
        [&b""[..], b"{\"a\":1}", b"a|b|c", b"\x1F", b"\xF3\x89\x9A", "Grüße 🦀".as_bytes(), b"\xFF\xFE"]
    {
        check(data, data, &[]);
    }
}

#[test]
fn gzip_of_one_member_and_of_several_is_opened() {
    check(&gzip(b"row"), b"row", &[Format::Gzip]);
    check(
        &[gzip(b"one "), gzip(b"two, and longer "), gzip(b"3")].concat(),
        b"one two, and longer 3",
        &[Format::Gzip],
    );
    check(&[gzip(b"same"), gzip(b"same")].concat(), b"samesame", &[Format::Gzip]);
    check(&[gzip(b""), gzip(b"late")].concat(), b"late", &[Format::Gzip]);
    check(&[gzip(b"early"), gzip(b"")].concat(), b"early", &[Format::Gzip]);
    check(&gzip(b""), b"", &[Format::Gzip]);
}

#[test]
fn a_gzip_member_that_holds_its_own_trailer_is_opened() {
    let plain = gzip(b"x");
    let stored: Vec<u8> = [&[0; 64][..], &plain[plain.len() - 8..]].concat();
    check(&gzip(&stored), &stored, &[Format::Gzip]);
}

#[test]
fn zstd_of_one_frame_and_of_several_is_opened() {
    check(&zstd(b"row"), b"row", &[Format::Zstd]);
    check(&[zstd(b"one "), zstd(b""), zstd(b"two")].concat(), b"one two", &[Format::Zstd]);
    let long = b"0123456789".repeat(100_000);
    check(&zstd(&long), &long, &[Format::Zstd]);
    check(&[zstd(&long), zstd(b"tail")].concat(), &[&long, &b"tail"[..]].concat(), &[Format::Zstd]);
}

#[test]
fn a_mark_in_compressed_bytes_changes_them_and_not_the_content() {
    let (mut one, mut two) = (Vec::new(), Vec::new());
    Gzip::new(1).write(b"row", Some("attempt-1"), &mut one).unwrap();
    Gzip::new(1).write(b"row", Some("attempt 2\0é"), &mut two).unwrap();
    assert_ne!(one, two);
    check(&one, b"row", &[Format::Gzip]);
    check(&two, b"row", &[Format::Gzip]);
    let mut marked = Vec::new();
    Zstd::new(1).write(b"row", Some(b"attempt-1"), &mut marked).unwrap();
    assert_ne!(marked, zstd(b"row"));
    check(&marked, b"row", &[Format::Zstd]);
}

#[test]
fn broken_compression_is_an_error_and_no_payload() {
    let gzip_error = Err(DecodeError::Damaged { format: Format::Gzip });
    let zstd_error = Err(DecodeError::Damaged { format: Format::Zstd });
    let (gz, zs) = (gzip(b"a row of some length"), zstd(b"a row of some length"));
    for cut in 2..gz.len() {
        assert_eq!(decode(&gz[..cut]), gzip_error, "gzip cut to {cut}");
    }
    for cut in 4..zs.len() {
        assert_eq!(decode(&zs[..cut]), zstd_error, "zstd cut to {cut}");
    }
    assert_eq!(decode(&[gz.clone(), b"trailing".to_vec()].concat()), gzip_error);
    assert_eq!(decode(&[zs, b"trailing".to_vec()].concat()), zstd_error);
    assert_eq!(decode(&[gz.clone(), gz[..12].to_vec()].concat()), gzip_error);
    let mut wrong_crc = gz.clone();
    let at = wrong_crc.len() - 8;
    wrong_crc[at] ^= 1;
    assert_eq!(decode(&wrong_crc), gzip_error);
}

#[test]
fn compression_and_chunks_inside_an_aggregate_are_opened() {
    let piece = framed(&chunk::split(b"message", 9, 1_000).unwrap().next().unwrap());
    let seen = decode(&aggregate(&[b"plain", &gzip(b"zipped"), &zstd(b"squeezed"), &piece])).unwrap();
    let formats: Vec<&[Format]> = seen.iter().map(|record| record.formats.as_slice()).collect();
    assert_eq!(
        formats,
        [
            &[Format::Kpl][..],
            &[Format::Kpl, Format::Gzip],
            &[Format::Kpl, Format::Zstd],
            &[Format::Kpl, Format::Chunk]
        ]
    );
    let contents: Vec<_> = seen.iter().map(|record| record.content.clone().unwrap()).collect();
    assert_eq!(contents, [&b"plain"[..], b"zipped", b"squeezed", b"message"]);
    let numbers: Vec<_> = seen.iter().map(|record| record.sub_sequence_number).collect();
    assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(3)]);
    assert!(seen.iter().all(|record| record.partition_key.as_deref() == Some("key")));
}

#[test]
fn a_broken_user_record_does_not_cost_its_neighbours() {
    let seen = decode(&aggregate(&[b"before", b"\x1F\x8B broken", b"after"])).unwrap();
    let contents: Vec<_> = seen.into_iter().map(|record| record.content).collect();
    let broken = Err(DecodeError::Damaged { format: Format::Gzip });
    assert_eq!(contents, [Ok(b"before".to_vec()), broken, Ok(b"after".to_vec())]);
}

#[test]
fn an_aggregate_inside_an_aggregate_is_a_payload() {
    let inner = aggregate(&[b"a", b"b"]);
    let seen = decode(&aggregate(&[&inner])).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].content, Ok(inner));
}

#[test]
fn hops_are_stripped_and_counted() {
    assert_eq!(decode(&hopped(3, b"row")), Ok(vec![payload(b"row", &[Format::Hop], 3)]));
    let inside = gzip(&hopped(2, b"row"));
    assert_eq!(decode(&inside), Ok(vec![payload(b"row", &[Format::Gzip, Format::Hop], 2)]));
    assert!(matches!(decode(b"\xC0KFH"), Err(DecodeError::Hop(_))));
}

#[test]
fn a_chunk_that_makes_no_sense_is_an_error() {
    assert!(matches!(decode(b"\xC0KFC\x09"), Err(DecodeError::Chunk(_))));
}

/// Any nesting of forms around any bytes, and how it was made.
fn wrapped() -> impl Strategy<Value = (Vec<u8>, Vec<u8>, Vec<Format>)> {
    let plain = prop::collection::vec(any::<u8>(), 0..200).prop_map(|mut bytes| {
        bytes.insert(0, b'{');
        (bytes.clone(), bytes, Vec::new())
    });
    let layer = prop::sample::select(vec![Format::Gzip, Format::Zstd, Format::Hop]);
    (plain, prop::collection::vec(layer, 0..4)).prop_map(|((content, mut data, mut formats), layers)| {
        for layer in layers {
            if layer == Format::Hop && formats.first() == Some(&Format::Hop) {
                continue; // a hop frame replaces the one it meets
            }
            data = match layer {
                Format::Gzip => gzip(&data),
                Format::Zstd => zstd(&data),
                _ => hopped(1, &data),
            };
            formats.insert(0, layer);
        }
        (content, data, formats)
    })
}

proptest! {
    #[test]
    fn every_nesting_within_the_limit_is_opened((content, data, formats) in wrapped()) {
        let seen = decode(&data).unwrap();
        prop_assert_eq!(seen.len(), 1);
        prop_assert_eq!(&seen[0].content, &Ok(content));
        prop_assert_eq!(&seen[0].formats, &formats);
    }

    #[test]
    fn a_used_decoder_sees_what_a_new_one_sees(records in prop::collection::vec(wrapped(), 1..6), cut: prop::sample::Index) {
        let mut used = Decoder::new(Limits::default());
        for (_, data, _) in &records {
            let damaged = &data[..cut.index(data.len() + 1)];
            for data in [damaged, data] {
                prop_assert_eq!(decode_with(&mut used, data), decode(data));
            }
        }
    }

    #[test]
    fn no_bytes_behind_any_magic_make_it_panic(
        magic in prop::sample::select(vec![
            &b""[..], b"\x1F\x8B", b"\x1F\x8B\x08", b"\x28\xB5\x2F\xFD", b"\xF3\x89\x9A\xC2", b"\xC0KFC\x01", b"\xC0KFH\x01",
        ]),
        rest: Vec<u8>,
    ) {
        let limits = Limits { record_bytes_out: 1 << 16, ..Limits::default() };
        let data = [magic, &rest].concat();
        let _ = decode_with(&mut Decoder::new(limits), &data);
    }
}
