//! Any bytes as a record: decoding keeps every budget, and gives the same with a used decoder and inside one
//! more wrapping.

use crate::inputs::{AGGREGATE_MAGIC, resealed};
use record_model::compress::{Gzip, Zstd};
use record_model::{Content, DecodeError, Decoder, Format, Limits};

const LIMITS: Limits =
    Limits { record_bytes_out: 1 << 16, batch_bytes_out: 1 << 17, sub_records: 1_000, depth: 3 };

type Seen = (Option<u64>, Vec<Format>, Result<Vec<u8>, DecodeError>);

fn decode(decoder: &mut Decoder, data: &[u8]) -> Result<Vec<Seen>, DecodeError> {
    let mut seen = Vec::new();
    let decoded = decoder.decode(data, &mut |record| {
        let bytes = record.content.map(|content| match content {
            Content::Payload(bytes) => bytes.to_vec(),
            Content::Chunk(chunk) => {
                let mut framed = Vec::new();
                chunk.write(&mut framed);
                framed
            }
        });
        seen.push((record.sub_sequence_number, record.formats.to_vec(), bytes));
    });
    assert!(seen.len() <= LIMITS.sub_records);
    assert!(seen.iter().all(|(_, formats, _)| formats.len() <= usize::from(LIMITS.depth) + 1));
    decoded.map(|()| seen)
}

/// Bytes that came out of a decompressor.
fn bytes_opened(seen: &[Seen]) -> usize {
    let is_opened = |formats: &[Format]| formats.contains(&Format::Gzip) || formats.contains(&Format::Zstd);
    let opened = seen.iter().filter(|(_, formats, _)| is_opened(formats));
    opened.filter_map(|(.., bytes)| bytes.as_ref().ok()).map(Vec::len).sum()
}

/// Checks the law on one input, and panics where it does not hold.
pub fn law(data: &[u8]) {
    let data = &resealed(data);
    let mut decoder = Decoder::new(LIMITS);
    let seen = decode(&mut decoder, data);
    decoder.start_batch();
    assert_eq!(seen, decode(&mut decoder, data));
    if let Ok(seen) = &seen {
        assert!(bytes_opened(seen) <= LIMITS.record_bytes_out);
        let subs = seen.iter().filter_map(|(sub, ..)| *sub);
        assert!(subs.eq(0..seen.iter().filter(|(sub, ..)| sub.is_some()).count() as u64));
    }
    a_batch_ends_at_its_budget(data);
    // Inside something else an aggregate is a payload.
    if !data.starts_with(&AGGREGATE_MAGIC) {
        wrapped_once_more(data, seen);
    }
}

fn a_batch_ends_at_its_budget(data: &[u8]) {
    let mut decoder = Decoder::new(LIMITS);
    let mut opened = 0;
    for _ in 0..4 {
        match decode(&mut decoder, data) {
            Ok(seen) => opened += bytes_opened(&seen),
            Err(error) if error.is_batch_budget() => break,
            Err(_) => {}
        }
    }
    assert!(opened <= LIMITS.batch_bytes_out);
}

fn wrapped_once_more(data: &[u8], seen: Result<Vec<Seen>, DecodeError>) {
    let (mut gzip, mut zstd) = (Vec::new(), Vec::new());
    Gzip::new(1).write(data, Some("mark"), &mut gzip).expect("gzip has room");
    Zstd::new(1).write(data, Some(b"mark"), &mut zstd).expect("zstd has room");
    let roomier =
        Limits { record_bytes_out: LIMITS.record_bytes_out + data.len(), depth: LIMITS.depth + 1, ..LIMITS };
    for (format, wrapped) in [(Format::Gzip, gzip), (Format::Zstd, zstd)] {
        let unwrapped = decode(&mut Decoder::new(roomier), &wrapped);
        let Ok(seen) = &seen else {
            assert!(unwrapped.is_err());
            continue;
        };
        for ((sub, formats, bytes), (own_sub, own_formats, own_bytes)) in
            unwrapped.expect("it opens too").iter().zip(seen)
        {
            assert_eq!((sub, bytes.is_ok()), (own_sub, own_bytes.is_ok()));
            assert_eq!((formats[0], &formats[1..]), (format, &own_formats[..]));
            assert_eq!(bytes.as_ref().ok(), own_bytes.as_ref().ok());
        }
    }
}
