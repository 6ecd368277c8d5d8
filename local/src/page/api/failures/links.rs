//! Links each failed record to the records as which it was sent again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::page::put::Placed;

/// The most links that are kept. The oldest one is dropped first.
const KEPT: usize = 5_000;

/// A failure, the record that failed, and the record as which it was sent again.
#[derive(Debug, Clone)]
struct Link {
    failure: String,
    /// Stream and sequence number of the record that failed, if they are known.
    was: Option<(String, String)>,
    placed: Placed,
}

/// The newest links.
#[derive(Debug, Default)]
pub(crate) struct Links(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    newest: VecDeque<Link>,
    /// The failure from which a record was sent again, by the record's stream and sequence number.
    from: BTreeMap<(String, String), String>,
}

impl Links {
    /// Notes that a failure was sent again. `was` is the stream and sequence number of the failed record, if known.
    pub(in crate::page::api) fn link(&self, failure: &str, was: Option<(&str, &str)>, placed: &Placed) {
        let mut inside = self.inside();
        inside.from.insert((placed.stream.clone(), placed.number.clone()), failure.to_owned());
        let was = was.map(|(stream, number)| (stream.to_owned(), number.to_owned()));
        inside.newest.push_back(Link { failure: failure.to_owned(), was, placed: placed.clone() });
        if inside.newest.len() > KEPT
            && let Some(oldest) = inside.newest.pop_front()
        {
            inside.from.remove(&(oldest.placed.stream, oldest.placed.number));
        }
    }

    /// The records as which a failure was sent again, oldest first.
    pub(in crate::page::api) fn sent(&self, failure: &str) -> Vec<Placed> {
        self.those(|link| link.failure == failure)
    }

    /// The records as which a failed record was sent again.
    pub(in crate::page::api) fn of_record(&self, stream: &str, number: &str) -> Vec<Placed> {
        let is_it = |was: &(String, String)| was.0 == stream && was.1 == number;
        self.those(|link| link.was.as_ref().is_some_and(is_it))
    }

    /// The failure from which a record was sent again.
    pub(in crate::page::api) fn from(&self, stream: &str, number: &str) -> Option<String> {
        self.inside().from.get(&(stream.to_owned(), number.to_owned())).cloned()
    }

    fn those(&self, wants: impl Fn(&Link) -> bool) -> Vec<Placed> {
        let inside = self.inside();
        inside.newest.iter().filter(|link| wants(link)).map(|link| link.placed.clone()).collect()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_linked_to_what_it_was_sent_again_from_and_back() {
        let links = Links::default();
        let placed = |number: usize| Placed {
            at_ms: 0,
            stream: "S".to_owned(),
            shard: "0".to_owned(),
            number: number.to_string(),
        };
        for number in 0..KEPT + 10 {
            links.link("q-1", Some(("S", "before")), &placed(number));
        }
        assert_eq!(links.from("S", "0"), None, "the oldest goes");
        assert_eq!(links.from("S", "10").as_deref(), Some("q-1"));
        assert_eq!(links.sent("q-1").len(), KEPT);
        assert_eq!(links.of_record("S", "before").len(), KEPT);
        assert!(links.sent("q-2").is_empty() && links.of_record("S", "10").is_empty());
    }
}
