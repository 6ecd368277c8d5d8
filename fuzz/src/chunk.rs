//! Any bytes as chunks, and any bytes as a message: cutting and joining gives the message again, or nothing
//! at all.

use record_model::chunk::{Chunk, OVERHEAD_BYTES, Reassembly, split};

const MAX_BYTES: usize = 1 << 20;

/// Checks the law on one input, and panics where it does not hold.
pub fn law(data: &[u8]) {
    foreign(data);
    let Some((&[room, at, flip], message)) = data.split_first_chunk() else { return };
    let chunks: Vec<Chunk<'_>> = split(message, 1, OVERHEAD_BYTES + 1 + usize::from(room)).unwrap().collect();
    let middle = usize::from(at) % chunks.len();
    whole(message, &chunks, middle);
    with_a_forged_piece(message, &chunks, middle, flip);
    without_a_piece(&chunks, middle);
}

/// From the middle on, then all from the start.
fn whole(message: &[u8], chunks: &[Chunk<'_>], middle: usize) {
    let mut reassembly = Reassembly::new(chunks[0].message, MAX_BYTES).unwrap();
    for chunk in chunks[middle..].iter().chain(chunks) {
        let mut framed = Vec::new();
        chunk.write(&mut framed);
        reassembly.add(&Chunk::read(&framed).unwrap()).unwrap();
    }
    assert_eq!(reassembly.message().unwrap(), message);
}

/// One byte of one piece is another.
fn with_a_forged_piece(message: &[u8], chunks: &[Chunk<'_>], at: usize, flip: u8) {
    let mut piece = chunks[at].piece.to_vec();
    let place = usize::from(flip) % piece.len().max(1);
    let Some(byte) = piece.get_mut(place) else { return };
    *byte ^= flip | 1;
    let forged = Chunk { piece: &piece, ..chunks[at] };
    let mut reassembly = Reassembly::new(forged.message, MAX_BYTES).unwrap();
    reassembly.add(&forged).unwrap();
    for chunk in chunks {
        assert_eq!(reassembly.add(chunk).is_err(), chunk.index == forged.index);
    }
    assert!(reassembly.message().is_err(), "{message:?} with {forged:?}");
}

fn without_a_piece(chunks: &[Chunk<'_>], at: usize) {
    let mut reassembly = Reassembly::new(chunks[0].message, MAX_BYTES).unwrap();
    for chunk in chunks.iter().filter(|chunk| chunk.index as usize != at) {
        reassembly.add(chunk).unwrap();
    }
    assert_eq!(reassembly.missing(), 1);
    assert!(reassembly.message().is_err());
}

/// Frames nobody here wrote, one a line.
fn foreign(data: &[u8]) {
    let mut chunks = data.split(|byte| *byte == b'\n').filter_map(|frame| Chunk::read(frame).ok()).peekable();
    let Some(Ok(mut reassembly)) = chunks.peek().map(|chunk| Reassembly::new(chunk.message, MAX_BYTES))
    else {
        return;
    };
    let length = chunks.peek().map_or(0, |chunk| chunk.message.length as usize);
    for chunk in chunks {
        let missing = reassembly.missing();
        let added = reassembly.add(&chunk);
        assert!(reassembly.missing() <= missing && (added.is_ok() || reassembly.missing() == missing));
    }
    assert!(reassembly.message().map_or(true, |message| message.len() == length));
}
