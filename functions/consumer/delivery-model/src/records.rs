//! A few records of one shard as a set of bits: bit n is the record with the n-th sequence number.

/// A set of at most eight records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Records(pub(crate) u8);

impl Records {
    pub(crate) const NONE: Self = Self(0);

    /// The first `count` records of the shard.
    pub(crate) const fn first_of_shard(count: u32) -> Self {
        if count >= 8 { Self(u8::MAX) } else { Self((1 << count) - 1) }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Sequence number of the lowest record; 8 where there is none.
    pub(crate) fn first(self) -> u32 {
        self.0.trailing_zeros()
    }

    /// One past the sequence number of the highest record; 0 where there is none.
    pub(crate) fn end(self) -> u32 {
        8 - self.0.leading_zeros()
    }

    /// The records with a sequence number of `number` or more.
    pub(crate) fn from(self, number: u32) -> Self {
        Self(self.0 & !Self::first_of_shard(number.min(8)).0)
    }

    /// The lowest `count` of these records.
    pub(crate) fn take(self, count: u32) -> Self {
        (0..count).fold(Self::NONE, |taken, _| taken.or(self.minus(taken).lowest()))
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn lowest(self) -> Self {
        Self(self.0 & self.0.wrapping_neg())
    }
}
