//! Numbers things by their 64-bit hash, in the order in which they are first seen.

/// Keeps its memory from text to text. Two things with the same hash share a number, which affects a rank but
/// is no error.
#[derive(Default, Debug)]
pub(crate) struct HashIndex {
    /// Each slot holds the number, from 1, of its hash. The number of slots is a power of two, and at most
    /// half are in use.
    slots: Vec<u32>,
    hashes: Vec<u64>,
}

impl HashIndex {
    pub(crate) fn clear(&mut self) {
        self.hashes.clear();
        self.slots.clear();
    }

    /// The number of `hash`, which is new if the hash was not seen since [`HashIndex::clear`].
    pub(crate) fn number_of(&mut self, hash: u64) -> usize {
        if (self.hashes.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let slot = self.slot_of(hash);
        match self.slots.get_mut(slot) {
            Some(0) | None => {
                self.hashes.push(hash);
                let number = self.hashes.len();
                if let Some(free) = self.slots.get_mut(slot) {
                    *free = u32::try_from(number).unwrap_or(u32::MAX);
                }
                number - 1
            }
            Some(number) => (*number as usize).saturating_sub(1),
        }
    }

    /// The slot that holds `hash`, or the free slot where it belongs.
    fn slot_of(&self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = (hash >> 20) as usize & mask;
        while let Some(&number) = self.slots.get(slot).filter(|&&number| number != 0) {
            if self.hashes.get(number as usize - 1) == Some(&hash) {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(256);
        self.slots.clear();
        self.slots.resize(size, 0);
        for number in 0..self.hashes.len() {
            let Some(&hash) = self.hashes.get(number) else { break };
            let slot = self.slot_of(hash);
            if let Some(free) = self.slots.get_mut(slot) {
                *free = u32::try_from(number + 1).unwrap_or(u32::MAX);
            }
        }
    }
}
