//! Every form of the wire: compressed, aggregated, in pieces.

use md5::{Digest, Md5};
use record_model::chunk::{Chunk, Reassembly, split};
use record_model::compress::{Gzip, Zstd};
use record_model::kpl::{Aggregator, Draft};
use record_model::{Decoder, Limits, hop, keys};

use super::filled;
use super::growth::{LARGE_BYTES, check};

fn decode(data: &[u8]) {
    let mut decoder = Decoder::new(Limits::default());
    let mut bytes = 0;
    let _ = decoder.decode(data, &mut |record| bytes += record.formats.len());
}

#[track_caller]
fn decodes(name: &str, make: impl Fn(usize) -> Vec<u8>) {
    check(name, make, decode);
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Gzip::new(1).write(data, None, &mut out).unwrap();
    out
}

fn zstd(data: &[u8], mark: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    Zstd::new(1).write(data, mark, &mut out).unwrap();
    out
}

/// Bytes that no compression makes smaller.
fn noise(bytes: usize) -> Vec<u8> {
    let blocks = (0..bytes.div_ceil(16)).flat_map(|number| Md5::digest(number.to_le_bytes()));
    blocks.take(bytes).collect()
}

#[test]
fn compressed_records_of_any_members_are_opened_in_linear_time() {
    for (name, member) in [
        ("gzip members without bytes", gzip(b"")),
        ("gzip members of a byte", gzip(b"a")),
        ("zstd frames without bytes", zstd(b"", None)),
        ("zstd frames of a byte, marked", zstd(b"a", Some(b""))),
        ("gzip headers", gzip(b"")[..10].to_vec()),
        ("gzip magic", vec![0x1F, 0x8B]),
        ("zstd magic", vec![0x28, 0xB5, 0x2F, 0xFD]),
    ] {
        decodes(name, |bytes| filled(b"", &member, b"", bytes));
        let last = gzip(b"the last is another");
        decodes(name, |bytes| filled(b"", &member, &last, bytes));
    }
    decodes("gzip of noise", |bytes| gzip(&noise(bytes)));
    decodes("zstd of noise", |bytes| zstd(&noise(bytes), None));
    decodes("gzip that is cut", |bytes| gzip(&noise(bytes))[..bytes - 9].to_vec());
    // The same eight bytes everywhere: where does the trailer stand?
    decodes("gzip of trailers", |bytes| filled(&gzip(b""), &[0; 8], b"", bytes));
}

/// Any bytes as the message of an aggregate whose checksum is right.
fn sealed(message: &[u8]) -> Vec<u8> {
    [&[0xF3, 0x89, 0x9A, 0xC2], message, &Md5::digest(message)].concat()
}

#[test]
fn aggregates_of_any_fields_are_taken_apart_in_linear_time() {
    for (name, field) in [
        ("empty records", &b"\x1A\x04\x08\x00\x1A\x00"[..]),
        ("records of a key that is not there", b"\x1A\x05\x08\x7F\x1A\x01d"),
        ("records without data", b"\x1A\x02\x08\x00"),
        ("records of many tags", b"\x1A\x08\x08\x00\x1A\x00\x22\x00\x22\x00"),
        ("empty partition keys", b"\x0A\x00"),
        ("empty hash keys", b"\x12\x00"),
        ("fields nobody knows", b"\x78\x01"),
        ("long numbers", b"\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
        ("the start of a group", b"\x0B"),
        ("zeros", b"\0"),
    ] {
        decodes(name, |bytes| sealed(&filled(b"\x0A\x01k", field, b"", bytes)));
        decodes(name, |bytes| filled(b"\xF3\x89\x9A\xC2", field, b"", bytes));
    }
    let one_record =
        |bytes: usize| sealed(&filled(b"\x0A\x01k\x1A\x80\x80\x80\x01\x08\x00", b"\x22\x00", b"", bytes));
    decodes("one record of tags", one_record);
}

#[test]
fn an_aggregate_of_any_many_records_is_written_in_linear_time() {
    check("keys in turn", noise, |data| {
        let mut aggregator = Aggregator::new(LARGE_BYTES);
        for record in data.chunks(64) {
            let partition_key = format!("{:x?}", &record[..2]);
            let draft = Draft { partition_key: &partition_key, explicit_hash_key: None, data: record };
            if !aggregator.push(&draft) {
                let _ = aggregator.finish();
            }
        }
        let _ = aggregator.finish();
    });
}

#[test]
fn messages_in_any_many_pieces_are_put_together_in_linear_time() {
    check("pieces of 64 bytes, the last first", noise, |message| {
        let chunks: Vec<Chunk<'_>> = split(message, 1, 64 + 37).unwrap().collect();
        let mut reassembly = Reassembly::new(chunks[0].message, LARGE_BYTES).unwrap();
        for chunk in chunks.iter().rev().chain(&chunks) {
            reassembly.add(chunk).unwrap();
            assert!(reassembly.missing() < chunk.message.count);
        }
        assert_eq!(reassembly.message().unwrap(), message);
    });
    decodes("a chunk", |bytes| {
        let mut framed = Vec::new();
        let message = noise(bytes);
        let mut chunks = split(&message, 1, usize::MAX).unwrap();
        chunks.next().unwrap().write(&mut framed);
        framed
    });
    decodes("hops in hops", |bytes| {
        let mut framed = Vec::new();
        hop::write(1, b"", &mut framed).unwrap();
        filled(b"", &framed, b"", bytes)
    });
}

#[test]
fn keys_of_any_length_are_read_in_linear_time() {
    let digits = |bytes| filled(b"", b"9", b"", bytes);
    check("an explicit hash key", digits, |key| {
        assert_eq!(keys::parse_hash_key(std::str::from_utf8(key).unwrap()), None);
    });
    check("a sequence number", digits, |number| {
        let _ = std::str::from_utf8(number).unwrap().parse::<keys::SequenceNumber>();
    });
}
