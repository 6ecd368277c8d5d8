//! Hostile inputs of megabytes: whatever they hold, reading them takes linear time.

mod growth;
mod payloads;
mod schemas;
mod wire;

/// `piece` as often as it fits into so many bytes, with something around it.
fn filled(head: &[u8], piece: &[u8], tail: &[u8], bytes: usize) -> Vec<u8> {
    [head, &piece.repeat(bytes / piece.len()), tail].concat()
}
