//! Which shard is read next. A child is read only once its parents were read to their ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aws::stream::source::{self, SourceShard};

/// The shards of a stream, in the order in which they became known.
#[derive(Debug)]
pub(super) struct Reading {
    shards: Vec<Shard>,
    by_id: BTreeMap<Arc<str>, usize>,
    /// The last version of the stream that was reported.
    version: u64,
    /// Whether there may be shards that were not listed.
    unlisted: bool,
    listing: bool,
    gone: bool,
    under_way: usize,
    /// Where the search for the next shard begins, so that no shard is neglected.
    turn: usize,
}

#[derive(Debug)]
struct Shard {
    id: Arc<str>,
    parents: Vec<String>,
    after: Option<Arc<str>>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A parent has not been read to its end.
    Waiting,
    Ready,
    /// It is being read, for this version of the stream.
    UnderWay(u64),
    /// There was nothing more at the stream's last version.
    AtTip,
    End,
}

/// A read to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) shard: usize,
    pub(super) id: Arc<str>,
    pub(super) after: Option<Arc<str>>,
}

impl Reading {
    pub(super) fn new() -> Self {
        Self {
            shards: Vec::new(),
            by_id: BTreeMap::new(),
            version: 0,
            unlisted: true,
            listing: false,
            gone: false,
            under_way: 0,
            turn: 0,
        }
    }

    /// Whether the shards are to be listed now.
    pub(super) fn begin_list(&mut self) -> bool {
        let begins = self.unlisted && !self.listing && !self.gone;
        if begins {
            (self.unlisted, self.listing) = (false, true);
        }
        begins
    }

    /// Takes in the stream's shards, with the reader's place in each, and returns the new ones.
    pub(super) fn listed(
        &mut self,
        shards: Vec<(SourceShard, source::Place)>,
    ) -> Vec<(Arc<str>, source::Place)> {
        self.listing = false;
        let mut new = Vec::new();
        for (shard, place) in shards {
            let id: Arc<str> = shard.id.as_str().into();
            if self.by_id.contains_key(&id) {
                continue;
            }
            self.by_id.insert(Arc::clone(&id), self.shards.len());
            self.shards.push(Shard {
                id: Arc::clone(&id),
                parents: shard.parents,
                after: place.after.as_deref().map(Into::into),
                state: if place.finished { State::End } else { State::Waiting },
            });
            new.push((id, place));
        }
        self.release_children();
        new
    }

    /// The stream now has this version. If every shard was read to its end, there may be another one.
    pub(super) fn changed(&mut self, version: u64) {
        self.version = version;
        for shard in &mut self.shards {
            if shard.state == State::AtTip {
                shard.state = State::Ready;
            }
        }
        self.unlisted |= self.shards.iter().all(|shard| shard.state == State::End);
    }

    /// The next read, if there is one to make.
    pub(super) fn begin(&mut self) -> Option<Read> {
        let ready = |index: &usize| self.shards.get(*index).is_some_and(|shard| shard.state == State::Ready);
        let index = (self.turn..self.shards.len()).chain(0..self.turn).find(ready)?;
        self.turn = index + 1;
        let shard = self.shards.get_mut(index)?;
        shard.state = State::UnderWay(self.version);
        self.under_way += 1;
        Some(Read { shard: index, id: Arc::clone(&shard.id), after: shard.after.clone() })
    }

    /// A read returned records up to `last`. A shard that is at its end may have children.
    pub(super) fn page(&mut self, index: usize, last: Option<Arc<str>>, is_end: bool) {
        let Some(shard) = self.shards.get_mut(index) else { return };
        let State::UnderWay(since) = shard.state else { return };
        self.under_way -= 1;
        let may_have_more = last.is_some() || since != self.version;
        shard.after = last.or_else(|| shard.after.take());
        shard.state = match (is_end, may_have_more) {
            (true, _) => State::End,
            (false, true) => State::Ready,
            (false, false) => State::AtTip,
        };
        if is_end {
            self.unlisted = true;
            self.release_children();
        }
    }

    /// The stream no longer exists.
    pub(super) fn gone(&mut self) {
        (self.gone, self.listing, self.under_way) = (true, false, 0);
        for shard in &mut self.shards {
            shard.state = State::End;
        }
    }

    pub(super) fn is_end(&self, index: usize) -> bool {
        self.shards.get(index).is_some_and(|shard| shard.state == State::End)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether everything that the stream had at its last version was read.
    pub(super) fn is_at_tip(&self) -> bool {
        let all_are_listed = self.gone || !(self.listing || self.unlisted);
        all_are_listed && self.shards.iter().all(|shard| matches!(shard.state, State::AtTip | State::End))
    }

    /// How many reads are under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Releases children whose parent the stream no longer has. Such a parent is past its retention, so there
    /// is nothing to wait for.
    fn release_children(&mut self) {
        let ended = |parent: &String| self.by_id.get(parent.as_str()).is_none_or(|index| self.is_end(*index));
        let is_ready = |shard: &Shard| shard.state == State::Waiting && shard.parents.iter().all(ended);
        let ready: Vec<bool> = self.shards.iter().map(is_ready).collect();
        for (shard, ready) in self.shards.iter_mut().zip(ready) {
            if ready {
                shard.state = State::Ready;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(reading: &mut Reading, shards: &[(&str, &[&str])]) {
        let shard = |(id, parents): &(&str, &[&str])| {
            let parents = parents.iter().map(|parent| (*parent).to_owned()).collect();
            (SourceShard { id: (*id).to_owned(), parents }, source::Place::default())
        };
        reading.listed(shards.iter().map(shard).collect());
    }

    fn begun(reading: &mut Reading) -> Vec<String> {
        std::iter::from_fn(|| reading.begin()).map(|read| read.id.to_string()).collect()
    }

    #[test]
    fn a_child_of_a_merge_is_read_once_both_parents_are_at_their_ends() {
        let mut reading = Reading::new();
        listed(&mut reading, &[("a", &[]), ("b", &[]), ("c", &["a", "b"])]);
        assert_eq!(begun(&mut reading), ["a", "b"]);
        reading.page(0, None, true);
        assert!(begun(&mut reading).is_empty());
        reading.page(1, Some("9".into()), true);
        assert_eq!(begun(&mut reading), ["c"]);
    }

    #[test]
    fn a_parent_past_the_retention_and_one_finished_before_hold_nobody_up() {
        let mut reading = Reading::new();
        listed(&mut reading, &[("c", &["gone"])]);
        assert_eq!(begun(&mut reading), ["c"]);
        let finished = source::Place { finished: true, ..source::Place::default() };
        let mut reading = Reading::new();
        reading.listed(vec![
            (SourceShard { id: "a".to_owned(), parents: vec![] }, finished),
            (SourceShard { id: "b".to_owned(), parents: vec!["a".to_owned()] }, source::Place::default()),
        ]);
        assert_eq!(begun(&mut reading), ["b"]);
    }

    #[test]
    fn a_record_that_comes_while_an_empty_read_is_under_way_is_read() {
        let mut reading = Reading::new();
        listed(&mut reading, &[("a", &[])]);
        reading.changed(1);
        assert_eq!(begun(&mut reading), ["a"]);
        reading.changed(2);
        reading.page(0, None, false);
        assert!(!reading.is_at_tip());
        assert_eq!(begun(&mut reading), ["a"], "the stream changed since the read began");
        reading.page(0, None, false);
        assert!(reading.begin_list());
        listed(&mut reading, &[("a", &[])]);
        assert!(reading.is_at_tip());
        assert!(begun(&mut reading).is_empty(), "nothing changed since");
        reading.changed(3);
        assert_eq!(begun(&mut reading), ["a"]);
    }

    #[test]
    fn a_shard_that_ends_while_the_shards_are_listed_has_them_listed_again() {
        let mut reading = Reading::new();
        assert!(reading.begin_list());
        listed(&mut reading, &[("a", &[]), ("b", &[])]);
        assert_eq!(begun(&mut reading), ["a", "b"]);
        reading.page(0, None, true);
        assert!(reading.begin_list());
        reading.page(1, None, true);
        assert!(!reading.begin_list(), "one list at a time");
        listed(&mut reading, &[("a", &[]), ("b", &[]), ("c", &["a"])]);
        assert!(reading.begin_list(), "the children of b may be new");
        assert!(!reading.is_at_tip());
    }

    #[test]
    fn a_stream_that_is_gone_is_neither_listed_nor_read() {
        let mut reading = Reading::new();
        listed(&mut reading, &[("a", &[])]);
        assert_eq!(begun(&mut reading), ["a"]);
        reading.gone();
        reading.page(0, Some("1".into()), false);
        reading.changed(2);
        assert!(!reading.begin_list());
        assert!(begun(&mut reading).is_empty());
    }

    #[test]
    fn reading_goes_on_after_the_last_record_and_begins_at_the_place_kept() {
        let mut reading = Reading::new();
        let place = source::Place { after: Some("7".to_owned()), ..source::Place::default() };
        reading.listed(vec![(SourceShard { id: "a".to_owned(), parents: vec![] }, place)]);
        assert_eq!(reading.begin().and_then(|read| read.after).as_deref(), Some("7"));
        reading.page(0, Some("8".into()), false);
        assert_eq!(reading.begin().and_then(|read| read.after).as_deref(), Some("8"));
        reading.page(0, None, false);
        reading.changed(1);
        assert_eq!(reading.begin().and_then(|read| read.after).as_deref(), Some("8"));
    }
}
