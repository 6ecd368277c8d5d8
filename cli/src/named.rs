//! A count, and the names of the first that were counted.

use serde::Serialize;

/// Counts what may be very many, and names `MOST` of them.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Named<const MOST: usize> {
    pub(crate) count: u64,
    pub(crate) first: Vec<String>,
}

impl<const MOST: usize> Named<MOST> {
    /// Counts one more; its name is made only where it is kept.
    pub(crate) fn add(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < MOST {
            self.first.push(name());
        }
    }

    /// Whether more were counted than are named.
    pub(crate) fn has_more(&self) -> bool {
        self.count > self.first.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_first_are_named() {
        let mut named = Named::<2>::default();
        for name in ["a", "b"] {
            named.add(|| name.to_owned());
        }
        assert!(!named.has_more());
        named.add(|| panic!("a name that is not kept is not made"));
        assert!(named.has_more());
        assert_eq!((named.count, named.first.as_slice()), (3, &["a".to_owned(), "b".to_owned()][..]));
    }
}
