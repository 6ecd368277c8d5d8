//! Any bytes as a record: no panic, never more bytes out than allowed, and the same again from a used decoder.

#![no_main]

use libfuzzer_sys::fuzz_target;
use record_model::{Content, DecodeError, Decoder, Format, Limits};

const LIMITS: Limits = Limits { record_bytes_out: 1 << 16, batch_bytes_out: 1 << 17, sub_records: 1_000, depth: 3 };

type Seen = (Option<u64>, Vec<Format>, Result<usize, DecodeError>);

fn decode(decoder: &mut Decoder, data: &[u8]) -> Result<Vec<Seen>, DecodeError> {
    let mut seen = Vec::new();
    decoder.start_batch();
    decoder.decode(data, &mut |record| {
        let bytes = record.content.map(|content| match content {
            Content::Payload(bytes) => bytes.len(),
            Content::Chunk(chunk) => chunk.piece.len(),
        });
        seen.push((record.sub_sequence_number, record.formats.to_vec(), bytes));
    })?;
    Ok(seen)
}

fuzz_target!(|data: &[u8]| {
    let mut decoder = Decoder::new(LIMITS);
    let seen = decode(&mut decoder, data);
    assert_eq!(seen, decode(&mut decoder, data));
    let Ok(seen) = seen else { return };
    assert!(seen.len() <= LIMITS.sub_records);
    assert!(seen.iter().all(|(_, formats, _)| formats.len() <= usize::from(LIMITS.depth)));
    let is_opened = |formats: &[Format]| formats.contains(&Format::Gzip) || formats.contains(&Format::Zstd);
    let opened = seen.iter().filter(|(_, formats, _)| is_opened(formats));
    let bytes_out: usize = opened.filter_map(|(.., bytes)| bytes.as_ref().ok()).sum();
    assert!(bytes_out <= LIMITS.record_bytes_out);
});
