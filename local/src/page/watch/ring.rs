//! A list of the newest items of one kind, each of which has a number of its own.

use std::collections::VecDeque;

/// The newest items, up to a limit. Items are numbered from 1 in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    items: VecDeque<T>,
    limit: usize,
    /// The number of the newest item, or 0 if there never was one.
    head: u64,
}

impl<T> Ring<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { items: VecDeque::new(), limit, head: 0 }
    }

    /// Adds an item and returns its number. The oldest item is dropped if the list is full.
    pub(crate) fn push(&mut self, item: T) -> u64 {
        if self.items.len() >= self.limit {
            self.items.pop_front();
        }
        self.items.push_back(item);
        self.head += 1;
        self.head
    }

    /// The number of the newest item, or 0 if there never was one.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// The number of items that are kept.
    pub(crate) fn kept(&self) -> usize {
        self.items.len()
    }

    /// The number of items that were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.head - self.items.len() as u64
    }

    /// The item with this number, if it is still kept.
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        let index = number.checked_sub(self.dropped() + 1)?;
        self.items.get(usize::try_from(index).ok()?)
    }

    /// The items with a lower number than `number`, or all items, newest first.
    pub(crate) fn before(&self, number: Option<u64>) -> impl Iterator<Item = (u64, &T)> {
        let numbered = (self.dropped() + 1..).zip(&self.items);
        let mut newest_first: Vec<(u64, &T)> =
            numbered.take_while(|(at, _)| number.is_none_or(|number| *at < number)).collect();
        newest_first.reverse();
        newest_first.into_iter()
    }

    /// The items with a higher number than `number`, oldest first.
    pub(crate) fn after(&self, number: u64) -> impl Iterator<Item = (u64, &T)> {
        let gone = self.dropped();
        let skipped = usize::try_from(number.saturating_sub(gone)).unwrap_or(usize::MAX);
        (gone + 1..).zip(&self.items).skip(skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_by_numbers_that_stay() {
        let mut ring = Ring::new(3);
        assert_eq!((ring.head(), ring.get(0), ring.get(1)), (0, None, None));
        for letter in ['a', 'b', 'c', 'd', 'e'] {
            ring.push(letter);
        }
        assert_eq!((ring.head(), ring.kept(), ring.dropped()), (5, 3, 2));
        assert_eq!(
            (ring.get(2), ring.get(3), ring.get(5), ring.get(6)),
            (None, Some(&'c'), Some(&'e'), None)
        );
        assert_eq!(ring.before(None).collect::<Vec<_>>(), [(5, &'e'), (4, &'d'), (3, &'c')]);
        assert_eq!(ring.before(Some(5)).collect::<Vec<_>>(), [(4, &'d'), (3, &'c')]);
        assert_eq!(ring.after(0).collect::<Vec<_>>(), [(3, &'c'), (4, &'d'), (5, &'e')]);
        assert_eq!(ring.after(4).collect::<Vec<_>>(), [(5, &'e')]);
        assert_eq!(ring.after(9).count(), 0);
    }
}
