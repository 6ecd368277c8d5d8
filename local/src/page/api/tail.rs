//! `GET /api/streams/{stream}/tail`: reads the records of a stream from a place on, one page at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use edge::aws::kinesis_reader::ReadRecord;
use edge::read_stream::{Filter, Opened, Opener, Origin};
use serde_json::{Value, json};

use super::row;
use super::shared::Shared;
use crate::aws::clock::now_ms;
use crate::aws::kinesis::store::{Limit, NumberPlace, Record, Start, Stream, blocking, shard_id};
use crate::page::answer::{Answer, Refusal};
use crate::page::query::Query;
use crate::page::scene::Scene;

/// The most rows that a request can ask for.
const MAX_ROWS: usize = 500;
/// The most rows of one answer, which can have more than were asked for if a record is an aggregate.
const MAX_USER_RECORDS: usize = 2_000;
/// The most bytes of records that one answer reads.
const MAX_BYTES: usize = 1 << 20;
/// The most records that one answer looks at, which a filter may leave out.
const MAX_LOOKED_AT: usize = 5_000;
/// The most bytes of a payload that are shown.
const MAX_SHOWN: usize = 4 << 10;

/// The parameters of a request.
struct Asked {
    start: Start,
    cursor: Option<Cursor>,
    limit: usize,
    filter: Option<Filter>,
    key: Option<String>,
}

/// The place from which each shard is read next, by the shard's index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Cursor(BTreeMap<u32, u64>);

impl Cursor {
    /// Writes `<shard>-<counter>` for each shard, with a point between two of them.
    fn text(&self) -> String {
        let places = self.0.iter().map(|(shard, counter)| format!("{shard}-{counter}"));
        places.collect::<Vec<_>>().join(".")
    }

    fn parse(text: &str) -> Option<Self> {
        let place = |place: &str| {
            let (shard, counter) = place.split_once('-')?;
            Some((shard.parse().ok()?, counter.parse().ok()?))
        };
        text.split('.').map(place).collect::<Option<_>>().map(Self)
    }
}

impl Asked {
    fn of(query: &Query) -> Result<Self, Refusal> {
        let start = match query.text("from") {
            None | Some("latest") => Start::Latest,
            Some("start") => Start::TrimHorizon,
            Some(text) => Start::AtTimestamp(text.parse().map_err(|_| {
                Refusal::bad(format!("from is {text:?}, expected start, latest or milliseconds since 1970"))
            })?),
        };
        let cursor = query.text("cursor").map(|text| {
            Cursor::parse(text).ok_or_else(|| Refusal::bad("cursor is none of an earlier answer"))
        });
        let filter = query.text("filter").map(|text| {
            Filter::parse(text).map_err(|reason| Refusal::bad(format!("filter can't be read: {reason}")))
        });
        Ok(Self {
            start,
            cursor: cursor.transpose()?,
            limit: query.limit(200, MAX_ROWS)?,
            filter: filter.transpose()?,
            key: query.text("key").map(str::to_owned),
        })
    }
}

pub(super) async fn tail(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let asked = Asked::of(&query)?;
    let stream = shared.scene.stream(&name)?;
    blocking(move || {
        let mut reading = Reading::begin(&shared.scene, &name, &stream, asked)?;
        reading.read_on()?;
        Ok(Json(reading.answer()))
    })
    .await
}

/// An answer that is being made.
struct Reading<'a> {
    name: &'a str,
    stream: &'a Stream,
    asked: Asked,
    cursor: Cursor,
    opener: Opener,
    /// Arrival time in milliseconds, shard and row.
    rows: Vec<(u64, u32, Value)>,
    left_out: u64,
    looked_at: usize,
    bytes: usize,
    /// The shards that have more records to read, with the arrival time of the last one that was read.
    behind: BTreeMap<u32, u64>,
}

impl<'a> Reading<'a> {
    fn begin(scene: &Scene, name: &'a str, stream: &'a Stream, asked: Asked) -> Result<Self, Refusal> {
        let mut cursor = asked.cursor.clone().unwrap_or_default();
        let shards: Vec<u32> = stream.with(|stream| stream.shards.iter().map(|shard| shard.index).collect());
        for shard in shards {
            // A shard that was created since the last answer is read from its beginning.
            let start = if asked.cursor.is_some() { Start::TrimHorizon } else { asked.start };
            if let (false, Some(counter)) = (cursor.0.contains_key(&shard), stream.position(shard, start)?) {
                cursor.0.insert(shard, counter);
            }
        }
        Ok(Self {
            name,
            stream,
            asked,
            cursor,
            opener: Opener::new(scene.schema(name).cloned()),
            rows: Vec::new(),
            left_out: 0,
            looked_at: 0,
            bytes: 0,
            behind: BTreeMap::new(),
        })
    }

    /// Reads all shards in turn until there are enough rows, or no more records.
    fn read_on(&mut self) -> Result<(), Refusal> {
        loop {
            let shards: Vec<(u32, u64)> = self.cursor.0.iter().map(|(shard, next)| (*shard, *next)).collect();
            let share = self.asked.limit.saturating_sub(self.rows.len()) / shards.len().max(1);
            self.behind.clear();
            for (shard, from) in shards {
                self.read_shard(shard, from, share.max(1))?;
            }
            let is_enough = self.rows.len() >= self.asked.limit || self.bytes >= MAX_BYTES;
            if is_enough || self.looked_at >= MAX_LOOKED_AT || self.behind.is_empty() {
                return Ok(());
            }
        }
    }

    fn read_shard(&mut self, shard: u32, from: u64, records: usize) -> Result<(), Refusal> {
        let bytes = MAX_BYTES.saturating_sub(self.bytes);
        let found = self.stream.read(shard, from, Limit { records, bytes })?;
        let last = found.records.last().map(|record| record.arrived_ms);
        for record in found.records {
            self.bytes += record.data.len();
            self.looked_at += 1;
            self.take(shard, record);
        }
        self.cursor.0.insert(shard, found.next);
        if found.has_more {
            self.behind.insert(shard, last.unwrap_or(0));
        }
        Ok(())
    }

    fn take(&mut self, shard: u32, record: Record) {
        let record = read_record(self.stream, shard, record);
        let (id, arrived) = (shard_id(shard), u64::try_from(record.arrived_at_ms).unwrap_or(0));
        let origin = Origin { stream: self.name, shard: &id };
        let (rows, left_out, asked) = (&mut self.rows, &mut self.left_out, &self.asked);
        self.opener.open(&record, origin, &mut |opened| {
            if asked.wants(&opened) {
                if rows.len() < MAX_USER_RECORDS {
                    rows.push((arrived, shard, row::of(&opened, MAX_SHOWN)));
                } else {
                    *left_out += 1;
                }
            }
        });
    }

    fn answer(mut self) -> Value {
        // The sort is stable, so rows of one shard stay in their order.
        self.rows.sort_by_key(|(arrived, shard, _)| (*arrived, *shard));
        let oldest = self.behind.values().copied().min();
        let now = u64::try_from(now_ms()).unwrap_or(0);
        json!({
            "cursor": self.cursor.text(),
            "more": !self.behind.is_empty(),
            "looked_at": self.looked_at,
            "left_out": self.left_out,
            "behind_ms": oldest.map_or(0, |oldest| now.saturating_sub(oldest)),
            "rows": self.rows.into_iter().map(|(_, _, row)| row).collect::<Vec<_>>(),
        })
    }
}

impl Asked {
    /// Whether a record has the key and passes the filter. A record that can't be opened passes only if there is no
    /// filter.
    fn wants(&self, opened: &Opened<'_>) -> bool {
        let row = row::row(opened);
        if self.key.as_deref().is_some_and(|key| key != row.key) {
            return false;
        }
        let Some(filter) = &self.filter else { return true };
        matches!(opened, Opened::Row(_)) && row.document().is_some_and(|document| filter.holds(document))
    }
}

/// Converts a record of the store to what a client of the stream would read.
pub(super) fn read_record(stream: &Stream, shard: u32, record: Record) -> ReadRecord {
    let place = NumberPlace { shard, counter: record.counter };
    ReadRecord {
        sequence_number: stream.with(|stream| stream.origin.number(place)).to_string(),
        partition_key: record.partition_key,
        data: record.data,
        arrived_at_ms: i64::try_from(record.arrived_ms).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_anything_else_is_refused() {
        let cursor = Cursor(BTreeMap::from([(0, 12), (3, u64::MAX)]));
        assert_eq!(Cursor::parse(&cursor.text()), Some(cursor));
        for wrong in ["", "1", "1-", "-1", "a-1", "1-1.", "1-1,2-2", "1-18446744073709551616"] {
            assert_eq!(Cursor::parse(wrong), None, "{wrong}");
        }
    }
}
