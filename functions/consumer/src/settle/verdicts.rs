//! Verdicts of earlier attempts on records that are redriven.
//!
//! A record that an earlier attempt put into quarantine stays there, although a schema that was mended since may read it: its
//! copy is fed again by itself, and a line beside it would make two of it.

use std::collections::HashSet;

use edge::lambda::events::KinesisRecord;
use edge::store::{MAX_LISTED_KEYS, ObjectStore, StoreError};
use record_model::layout::{Hour, QuarantineKey, RecordId};

use crate::read::Lines;

/// The records of a batch that have copies in quarantine, by number and place in an aggregate; `None` for all of it.
pub(crate) struct Verdicts(HashSet<(String, Option<u64>)>);

impl Verdicts {
    /// Looks for copies of these records of one shard: a listing for each hour in which they arrived.
    pub(crate) async fn of<S: ObjectStore>(
        store: &S,
        data_set: &str,
        records: &[KinesisRecord<'_>],
    ) -> Result<Self, StoreError> {
        let mut found = HashSet::new();
        for hour in records.chunk_by(|a, b| Hour::of_ms(a.arrived_at_ms) == Hour::of_ms(b.arrived_at_ms)) {
            let (Some(first), Some(last)) = (hour.first(), hour.last()) else { continue };
            let known: HashSet<&str> = hour.iter().map(|record| record.sequence_number).collect();
            let key_of =
                |record: &KinesisRecord<'_>| QuarantineKey::of_stream(data_set, &record.position()).key();
            let without_end = |key: &str| key.trim_end_matches(".json").to_owned();
            let (from, to) = (without_end(&key_of(first)), without_end(&key_of(last)));
            let prefix = from.trim_end_matches(first.sequence_number);
            // Keys stand in the order of their text, which is that of the numbers where these are of one length.
            let is_ordered = first.sequence_number.len() == last.sequence_number.len();
            let mut after = is_ordered.then(|| from.clone());
            loop {
                let page = store.list(prefix, after.as_deref()).await?;
                for listed in &page {
                    let Some(QuarantineKey::Stream { record, sub_sequence_number, .. }) =
                        QuarantineKey::parse(&listed.key)
                    else {
                        continue;
                    };
                    if known.contains(record.sequence_number) {
                        found.insert((record.sequence_number.to_owned(), sub_sequence_number));
                    }
                }
                let is_behind = |key: &str| is_ordered && *key > *to && !key.starts_with(&to);
                match page.last() {
                    Some(last) if page.len() == MAX_LISTED_KEYS && !is_behind(&last.key) => {
                        after = Some(last.key.clone());
                    }
                    _ => break,
                }
            }
        }
        Ok(Self(found))
    }

    /// Takes the lines of such records out.
    pub(crate) fn leave_out(&self, records: &[KinesisRecord<'_>], lines: &mut Lines) {
        if self.0.is_empty() {
            return;
        }
        for (index, record) in records.iter().enumerate().take(lines.records.len()) {
            let whole = self.0.contains(&(record.sequence_number.to_owned(), None));
            let is_out = |line: &[u8]| whole || self.has(line);
            lines.retain_of_record(index, |line| !is_out(line));
        }
    }

    /// Whether the line is of a record of an aggregate that has a copy.
    fn has(&self, line: &[u8]) -> bool {
        #[derive(serde::Deserialize)]
        struct Line<'a> {
            #[serde(borrow)]
            id: &'a str,
        }
        let Ok(Line { id }) = serde_json::from_slice::<Line<'_>>(line) else { return false };
        RecordId::parse(id)
            .is_some_and(|id| self.0.contains(&(id.sequence_number.to_owned(), Some(id.sub_sequence_number))))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use edge::store::{Attributes, InMemoryStore};

    use super::*;
    use crate::read::Outcome;

    fn record(sequence_number: &str, arrived_at_ms: i64) -> KinesisRecord<'_> {
        let (stream, shard_id) = ("s", "shardId-000000000001");
        KinesisRecord {
            stream,
            shard_id,
            sequence_number,
            partition_key: "k".into(),
            arrived_at_ms,
            data: None,
        }
    }

    async fn put_aside(store: &InMemoryStore, record: &KinesisRecord<'_>, sub: Option<u64>) {
        let key = QuarantineKey::of_stream("tweets", &record.position().of_sub(sub)).key();
        store.create(&key, Bytes::new(), &Attributes::default()).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_in_quarantine_already_has_no_line_and_its_neighbours_keep_theirs() {
        let store = InMemoryStore::new();
        let records = [record("10", 0), record("11", 0), record("12", 3_600_000), record("13", 3_600_000)];
        put_aside(&store, &records[0], None).await;
        put_aside(&store, &records[2], Some(1)).await;
        put_aside(&store, &record("99", 0), None).await;
        let mut lines = Lines::default();
        for (number, subs) in [("10", 1), ("11", 1), ("12", 3), ("13", 1)] {
            for sub in 0..subs {
                lines.bytes.extend(format!("{{\"id\":\"s:shardId-000000000001:{number}:{sub}\"}}\n").bytes());
            }
            lines.records.push(Outcome { end: lines.bytes.len(), lines: subs, ..Outcome::default() });
        }
        let verdicts = Verdicts::of(&store, "tweets", &records).await.unwrap();
        verdicts.leave_out(&records, &mut lines);
        let text = String::from_utf8(lines.bytes.clone()).unwrap();
        let ids: Vec<&str> = text.lines().map(|line| line.get(30..line.len() - 2).unwrap()).collect();
        assert_eq!(ids, ["11:0", "12:0", "12:2", "13:0"]);
        assert_eq!(lines.count_from(0), 4);
        assert_eq!(lines.of_record(3), b"{\"id\":\"s:shardId-000000000001:13:0\"}\n");
    }
}
