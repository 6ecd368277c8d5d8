//! The ids that a delivery stream gives out. They are unique, and the same seed gives the same ids again.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use uuid::{Builder, Uuid};

/// Characters of `!{firehose:random-string}`.
const RANDOM_STRING_CHARS: usize = 11;

/// The ids of one delivery stream. The state machine takes no random numbers from the system, so that a test
/// can repeat it.
#[derive(Debug)]
pub(super) struct Ids {
    seed: u128,
    given: u64,
}

impl Ids {
    pub(super) fn new(seed: u128) -> Self {
        Self { seed, given: 0 }
    }

    pub(super) fn uuid(&mut self) -> Uuid {
        self.given += 1;
        let half = |part: u8| {
            let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one((self.seed, self.given, part));
            u128::from(hash)
        };
        Builder::from_random_bytes((half(0) << 64 | half(1)).to_be_bytes()).into_uuid()
    }

    pub(super) fn random_string(&mut self) -> String {
        self.uuid().simple().to_string().chars().take(RANDOM_STRING_CHARS).collect()
    }
}
