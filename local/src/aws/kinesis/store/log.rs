//! The records of one shard: segments one after another, of which the last is written to.

use std::io;
use std::path::{Path, PathBuf};

use super::frame::{self, Draft, Record, Stamp};
use super::segment::{Cut, Segment};

/// A shard on disk. In memory it has a few numbers for each segment, and it keeps no file open.
#[derive(Debug)]
pub(super) struct ShardLog {
    folder: PathBuf,
    segments: Vec<Segment>,
    /// The counter of the next record.
    next: u64,
    /// The counter after the last record that exists. It equals `next` unless the last records were lost by
    /// damage.
    end: u64,
    /// The value of `next` when this process began.
    next_at_open: u64,
    newest_ms: u64,
}

/// How much one read returns. The first record is returned whatever its size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
}

impl ShardLog {
    /// Opens a shard's folder, which need not exist. `start` is the counter of its very first record. What
    /// was cut off its end is returned.
    pub(super) fn open(folder: PathBuf, start: u64) -> io::Result<(Self, Option<Cut>)> {
        let mut segments = found(&folder)?;
        segments.sort_by_key(|segment| segment.first);
        let (mut next, mut newest_ms, mut cut) = (start, 0, None);
        let before = segments.len().checked_sub(2).and_then(|index| segments.get(index));
        let before_ms = before.map_or(0, |segment| segment.newest_ms);
        if let Some(last) = segments.last_mut() {
            let scanned = last.recover()?;
            (next, cut) = (scanned.next, scanned.cut);
            newest_ms = if scanned.next > last.first { last.newest_ms } else { before_ms };
        }
        let lost = cut.as_ref().map_or(0, |cut| cut.lost);
        let mut log = Self { folder, segments, next, end: next - lost, next_at_open: next, newest_ms };
        if lost > 0 {
            log.begin_segment();
        }
        Ok((log, cut))
    }

    /// Continues at a counter if a file has fewer records than its takers have passed, so that no number is
    /// given twice.
    pub(super) fn skip_to(&mut self, counter: u64) {
        if counter > self.next {
            (self.next, self.next_at_open) = (counter, counter);
            self.begin_segment();
        }
    }

    /// The next record begins a new segment, whose name contains its counter.
    fn begin_segment(&mut self) {
        let next = self.next;
        self.segments.retain(|segment| segment.first != next);
        self.segments.push(Segment::new(&self.folder, next));
    }

    /// The counter of the next record.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The counter after the last record that exists.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn next_at_open(&self) -> u64 {
        self.next_at_open
    }

    /// The counter of the oldest stored record, or of the next one if none is stored.
    pub(super) fn oldest(&self) -> u64 {
        self.segments.first().map_or(self.next, |segment| segment.first)
    }

    /// Takes numbers for records and writes them, in one step. Returns the first counter.
    pub(super) fn append(&mut self, drafts: &[Draft<'_>], now_ms: u64, encrypted: bool) -> io::Result<u64> {
        let arrived_ms = now_ms.max(self.newest_ms);
        let first = self.next;
        let mut records = Vec::new();
        for (counter, draft) in (first..).zip(drafts) {
            frame::write(&mut records, *draft, Stamp { counter, arrived_ms, encrypted })?;
        }
        self.writable(now_ms).append(first, &records, arrived_ms)?;
        self.next += drafts.len() as u64;
        self.end = self.next;
        self.newest_ms = arrived_ms;
        Ok(first)
    }

    fn writable(&mut self, now_ms: u64) -> &mut Segment {
        let is_needed = self.segments.last().is_none_or(|segment| segment.is_full(now_ms));
        if is_needed {
            self.segments.push(Segment::new(&self.folder, self.next));
        }
        let last = self.segments.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "one was pushed if there was none")]
        &mut self.segments[last]
    }

    /// The segment that contains a record, or the first stored one after it, and the counter at which the
    /// next segment begins; `None` at the newest record.
    pub(super) fn segment(&self, counter: u64) -> Option<(Segment, u64)> {
        if counter >= self.next {
            return None;
        }
        let behind = self.segments.partition_point(|segment| segment.first <= counter).max(1);
        let segment = self.segments.get(behind - 1)?.clone();
        let end = self.segments.get(behind).map_or(self.next, |segment| segment.first);
        Some((segment, end))
    }

    /// All segments, so that they can be read without locking the shard.
    pub(super) fn segments(&self) -> Vec<Segment> {
        self.segments.clone()
    }

    /// Removes the segments whose records are all older than `horizon_ms`. Returns the counter of the oldest
    /// record then.
    pub(super) fn trim(&mut self, horizon_ms: u64) -> io::Result<u64> {
        while let Some(oldest) = self.segments.first() {
            let is_last = self.segments.len() == 1;
            if oldest.newest_ms >= horizon_ms || (is_last && oldest.first == self.next) {
                break;
            }
            let oldest = oldest.clone();
            if is_last {
                let empty = Segment::new(&self.folder, self.next);
                empty.make()?; // its name keeps the counter
                self.segments.push(empty);
            }
            self.segments.remove(0);
            oldest.remove()?;
        }
        Ok(self.oldest())
    }
}

fn found(folder: &Path) -> io::Result<Vec<Segment>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut segments = Vec::new();
    for entry in entries {
        segments.extend(Segment::found(entry?.path())?);
    }
    Ok(segments)
}

/// The first record that arrived at this time or later, among segments in order; `None` if all arrived
/// earlier.
pub(super) fn first_at(segments: &[Segment], ms: u64) -> io::Result<Option<u64>> {
    let begins_before =
        |segment: &Segment| segment.oldest_ms().map(|oldest| oldest.is_some_and(|oldest| oldest < ms));
    let mut failure = None;
    let behind = segments.partition_point(|segment| match begins_before(segment) {
        Ok(before) => before,
        Err(error) => {
            failure = Some(error);
            false
        }
    });
    if let Some(error) = failure {
        return Err(error);
    }
    let mut found = None;
    if let Some(segment) = behind.checked_sub(1).and_then(|index| segments.get(index)) {
        segment.visit(segment.first, |record| {
            found = (record.arrived_ms >= ms).then_some(record.counter);
            found.is_none()
        })?;
    }
    let begins_at =
        || segments.get(behind).filter(|segment| segment.oldest_ms().is_ok_and(|oldest| oldest.is_some()));
    Ok(found.or_else(|| begins_at().map(|segment| segment.first)))
}

/// Adds records of a segment until the limit. Returns whether there is room for more.
pub(super) fn read_into(
    records: &mut Vec<Record>,
    segment: &Segment,
    from: u64,
    limit: Limit,
) -> io::Result<bool> {
    let mut bytes: usize = records.iter().map(|record| record.data.len()).sum();
    let mut has_room = true;
    segment.visit(from, |record| {
        bytes += record.data.len();
        has_room = records.is_empty() || (records.len() < limit.records && bytes <= limit.bytes);
        if has_room {
            records.push(record);
        }
        has_room && records.len() < limit.records
    })?;
    Ok(has_room && records.len() < limit.records)
}
