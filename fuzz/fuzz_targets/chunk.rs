//! Any bytes as chunks, and any bytes as a message: cut and put together it is the message again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use record_model::chunk::{Chunk, OVERHEAD_BYTES, Reassembly, split};

const MAX_BYTES: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    foreign(data);
    let Some((room, message)) = data.split_first() else { return };
    let chunks: Vec<Chunk<'_>> = split(message, 1, OVERHEAD_BYTES + 1 + usize::from(*room)).unwrap().collect();
    let mut reassembly = Reassembly::new(chunks[0].message, MAX_BYTES).unwrap();
    let middle = usize::from(*room) % chunks.len();
    for chunk in chunks[middle..].iter().chain(&chunks) {
        let mut framed = Vec::new();
        chunk.write(&mut framed);
        reassembly.add(&Chunk::read(&framed).unwrap()).unwrap();
    }
    assert_eq!(reassembly.message().unwrap(), message);
});

/// Frames nobody here wrote, one a line.
fn foreign(data: &[u8]) {
    let mut chunks = data.split(|byte| *byte == b'\n').filter_map(|frame| Chunk::read(frame).ok()).peekable();
    let Some(Ok(mut reassembly)) = chunks.peek().map(|chunk| Reassembly::new(chunk.message, MAX_BYTES)) else { return };
    for chunk in chunks {
        let missing = reassembly.missing();
        let added = reassembly.add(&chunk);
        assert!(reassembly.missing() <= missing && (added.is_ok() || reassembly.missing() == missing));
    }
    let _ = reassembly.message();
}
