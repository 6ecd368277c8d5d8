//! A counter, whose payloads are `0`, `1`, `2` and so on, to check that all of them arrive.

use serde::Deserialize;

use super::{Access, Found, Next, OpenError, Source, SourceError};

/// `count` numbers in decimal. A position is the number itself.
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

/// `count` numbers in each run, which continue those of the run before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterSpec {
    /// How many numbers one run gives.
    pub count: u64,
}

impl CounterSpec {
    #[allow(clippy::unused_self, reason = "every source is named by the same call")]
    pub(super) fn name(&self) -> String {
        "counter".to_owned()
    }

    #[allow(clippy::unused_async, reason = "every source is found by the same call")]
    pub(super) async fn find<O>(&self, _: &Access<'_, O>) -> Result<Found<CounterSource>, OpenError> {
        let found = Found::new(|start| Ok(CounterSource::new(start.until, start.resume.position)));
        Ok(Found { records_per_run: Some(self.count), ..found })
    }
}
