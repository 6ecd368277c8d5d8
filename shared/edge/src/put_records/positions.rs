//! The source positions for which something remains to be done.

use std::collections::BTreeMap;

/// How many entries or records are open at each position of a source.
#[derive(Debug, Default)]
pub(crate) struct OpenPositions(BTreeMap<u64, u32>);

impl OpenPositions {
    /// Opens one more at this position.
    pub(crate) fn open(&mut self, position: u64) {
        *self.0.entry(position).or_default() += 1;
    }

    /// Closes one of those that are open at this position.
    pub(crate) fn close(&mut self, position: u64) {
        if let Some(open) = self.0.get_mut(&position) {
            *open -= 1;
            if *open == 0 {
                self.0.remove(&position);
            }
        }
    }

    /// The first position that is open.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.0.keys().next().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_open_until_all_that_was_opened_there_is_closed() {
        let mut positions = OpenPositions::default();
        for position in [7, 5, 5] {
            positions.open(position);
        }
        for oldest in [5, 5, 7] {
            assert_eq!(positions.oldest(), Some(oldest));
            positions.close(oldest);
        }
        assert_eq!(positions.oldest(), None);
        positions.close(9);
        assert_eq!(positions.oldest(), None);
    }
}
