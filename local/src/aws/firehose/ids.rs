//! Ids that a delivery stream gives out: unique by their seed, and the same again from the same seed.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use uuid::{Builder, Uuid};

/// Characters of `!{firehose:random-string}`.
const RANDOM_STRING_CHARS: usize = 11;

/// One delivery stream's ids. A state machine takes no random numbers of the system, so that a test can run it again.
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
