//! A counter: payloads `0`, `1`, `2` and so on, to see that all arrive.

use super::{Next, Source, SourceError};

/// `count` numbers in decimal; a position is the number.
#[derive(Debug)]
pub struct CounterSource {
    next: u64,
    count: u64,
}

impl CounterSource {
    /// Starts at the number `position`.
    pub fn new(count: u64, position: u64) -> Self {
        Self { next: position, count }
    }
}

impl Source for CounterSource {
    async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
        payload.clear();
        let position = self.next;
        if position >= self.count {
            return Ok(Next::End { position });
        }
        self.next += 1;
        payload.extend_from_slice(itoa::Buffer::new().format(position).as_bytes());
        Ok(Next::Record { position, next: self.next })
    }
}
