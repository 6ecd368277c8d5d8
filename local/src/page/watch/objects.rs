//! The newest objects of a run, and how many of each kind there are.

use std::collections::BTreeMap;

use record_model::layout::{EnrichedKey, QuarantineKey};

use super::ring::Ring;
use crate::aws::clock::Moment;
use crate::aws::event::Name;

/// The most objects whose names are kept.
const KEPT: usize = 2_000;

/// An object that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) at_ms: Moment,
    pub(crate) bucket: Name,
    pub(crate) key: String,
    pub(crate) bytes: u64,
}

/// How much was written to a bucket. An object that replaced another one counts too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
}

/// What a consumer wrote for one stream's records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OfStream {
    pub(crate) enriched_objects: u64,
    /// Records in quarantine. Each of them is one object.
    pub(crate) quarantined: u64,
}

/// The objects of a run.
#[derive(Debug)]
pub(crate) struct Objects {
    pub(crate) newest: Ring<Written>,
    pub(crate) buckets: BTreeMap<Name, Taken>,
    streams: BTreeMap<String, OfStream>,
    /// Records in quarantine, including those that producers put there.
    pub(crate) quarantined: u64,
}

impl Default for Objects {
    fn default() -> Self {
        let newest = Ring::new(KEPT);
        Self { newest, buckets: BTreeMap::new(), streams: BTreeMap::new(), quarantined: 0 }
    }
}

impl Objects {
    pub(crate) fn of_stream(&self, stream: &str) -> OfStream {
        self.streams.get(stream).copied().unwrap_or_default()
    }

    /// Counts an object. Returns whether it is a new record in quarantine.
    pub(super) fn stored(&mut self, written: Written, is_new: bool) -> bool {
        let taken = self.buckets.entry(written.bucket.clone()).or_default();
        taken.objects += 1;
        taken.bytes += written.bytes;
        let mut is_put_aside = false;
        if is_new {
            if let Some(key) = QuarantineKey::parse(&written.key) {
                is_put_aside = true;
                self.quarantined += 1;
                if let QuarantineKey::Stream { record, .. } = key {
                    self.streams.entry(record.stream.to_owned()).or_default().quarantined += 1;
                }
            } else if let Some(key) = EnrichedKey::parse(&written.key) {
                self.streams.entry(key.first.stream.to_owned()).or_default().enriched_objects += 1;
            }
        }
        self.newest.push(written);
        is_put_aside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(key: &str) -> Written {
        Written { at_ms: 0, bucket: "b".into(), key: key.to_owned(), bytes: 3 }
    }

    #[test]
    fn a_record_put_aside_is_counted_once_for_its_stream_however_often_it_is_written() {
        let mut objects = Objects::default();
        let key = "quarantine/crime/dt=2026-01-01/hour=00/S-shardId-000000000000-7.json";
        assert!(objects.stored(written(key), true));
        assert!(!objects.stored(written(key), false));
        assert!(!objects.stored(written("typed/crime/x.gz"), true));
        assert_eq!(objects.of_stream("S").quarantined, 1);
        assert_eq!(objects.buckets["b"], Taken { objects: 3, bytes: 9 });
    }
}
