//! Which shards may be read: those whose parents are read to their ends.

use std::collections::BTreeSet;

use edge::aws::kinesis_reader::Shard;

/// What is known of one stream's shards.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    started: BTreeSet<String>,
    finished: BTreeSet<String>,
}

impl Lineage {
    /// The shards to start now. A parent that is no longer listed is past the retention: nothing to wait for.
    pub(super) fn start_ready(&mut self, shards: &[Shard]) -> Vec<String> {
        let waits_for = |parent: &String| {
            !self.finished.contains(parent) && shards.iter().any(|shard| shard.id == *parent)
        };
        let is_ready =
            |shard: &&Shard| !self.started.contains(&shard.id) && !shard.parents.iter().any(waits_for);
        let ready: Vec<String> = shards.iter().filter(is_ready).map(|shard| shard.id.clone()).collect();
        self.started.extend(ready.iter().cloned());
        ready
    }

    pub(super) fn finish(&mut self, shard_id: &str) {
        self.finished.insert(shard_id.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, parents: &[&str]) -> Shard {
        let parents = parents.iter().map(|parent| (*parent).to_owned()).collect();
        Shard { id: id.to_owned(), parents, hash_keys: 0..=1, closed: false }
    }

    #[test]
    fn a_child_of_a_merge_waits_for_both_parents() {
        let shards = [shard("a", &[]), shard("b", &[]), shard("c", &["a", "b"])];
        let mut lineage = Lineage::default();
        assert_eq!(lineage.start_ready(&shards), ["a", "b"]);
        lineage.finish("a");
        assert!(lineage.start_ready(&shards).is_empty());
        lineage.finish("b");
        assert_eq!(lineage.start_ready(&shards), ["c"]);
        assert!(lineage.start_ready(&shards).is_empty(), "no shard starts twice");
    }

    #[test]
    fn a_parent_past_the_retention_holds_nobody_up() {
        assert_eq!(Lineage::default().start_ready(&[shard("c", &["gone"])]), ["c"]);
    }
}
