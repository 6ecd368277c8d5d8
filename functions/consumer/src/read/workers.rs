//! Spreads a batch over the function's processors. The lines keep the order of the records.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use edge::lambda::events::KinesisRecord;
use record_model::Schema;

use super::budget::Budget;
use super::line_writer::{LineWriter, Opened};
use super::lines::{Lines, Outcome, Stopped};
use crate::deadline::Begin;
use crate::delivery::emptied;
use crate::enrich::Enricher;

/// How many records a thread takes at a time: few enough to spread a small batch, and enough that threads
/// seldom wait for each other.
const RECORDS_AT_A_TIME: usize = 32;

/// One line writer for each thread, kept from one batch to the next.
pub(crate) struct Workers<E: Enricher> {
    first: LineWriter<E>,
    others: Vec<LineWriter<E>>,
    /// The memory that the lines of the batch before used.
    buffer: Vec<u8>,
}

impl<E: Enricher> Workers<E> {
    /// `count` writers, each with its own share of memory.
    pub(crate) fn new(count: usize, schema: &Schema, enricher: &Arc<E>, budget: Budget) -> Self {
        let writer = || LineWriter::new(schema.clone(), Arc::clone(enricher), budget);
        let others = std::iter::repeat_with(writer).take(count.saturating_sub(1)).collect();
        Self { first: writer(), others, buffer: Vec::new() }
    }

    /// The lines of `records`, up to the first record that could not be begun.
    pub(crate) fn write(&mut self, records: &[KinesisRecord<'_>], begin: &Begin) -> Lines {
        self.first.start_batch();
        self.others.iter_mut().for_each(LineWriter::start_batch);
        let mut lines = Lines { bytes: std::mem::take(&mut self.buffer), ..Lines::default() };
        if self.others.is_empty() {
            // With one processor, a thread would only cost time.
            self.first.write(records, begin, &mut lines);
        } else {
            let writers = std::iter::once(&mut self.first).chain(&mut self.others).collect();
            write_with_threads(writers, records, begin, &mut lines);
        }
        lines
    }

    /// Keeps the memory of lines that are not needed any more.
    pub(crate) fn reuse(&mut self, lines: Lines) {
        self.buffer = emptied(lines.bytes, self.budget().kept_bytes());
    }

    /// Appends the lines of a message that was put together from chunks after the batch was read.
    pub(crate) fn open(&mut self, message: Opened<'_>, out: &mut Vec<u8>) -> Result<Outcome, Stopped> {
        self.first.open(message, out)
    }

    /// How much memory the records of one writer may take.
    pub(crate) fn budget(&self) -> &Budget {
        self.first.budget()
    }

    /// The most memory that the lines of a whole batch, and what waits beside them, may take.
    pub(crate) fn batch_bytes(&self) -> usize {
        self.budget().lines_bytes * (1 + self.others.len())
    }
}

fn write_with_threads<E: Enricher>(
    writers: Vec<&mut LineWriter<E>>,
    records: &[KinesisRecord<'_>],
    begin: &Begin,
    lines: &mut Lines,
) {
    // Each thread knows only its own lines, but all of them go into one object.
    let begin = &Begin { pace: begin.pace.shared_by(writers.len()), ..*begin };
    let blocks: Vec<&[KinesisRecord<'_>]> = records.chunks(RECORDS_AT_A_TIME).collect();
    let next = AtomicUsize::new(0);
    let mut written: Vec<(usize, Lines)> = std::thread::scope(|scope| {
        let spawn = |writer| scope.spawn(|| write_blocks(writer, &blocks, &next, begin));
        let threads: Vec<_> = writers.into_iter().map(spawn).collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.flat_map(|blocks| blocks.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    written.sort_by_key(|(block, _)| *block);
    lines.bytes.reserve_exact(written.iter().map(|(_, block)| block.bytes.len()).sum());
    for (_, block) in written {
        if lines.stopped.is_some() {
            break;
        }
        lines.append(block);
    }
}

/// Takes block after block until none is left, or until one could not be finished.
fn write_blocks<E: Enricher>(
    writer: &mut LineWriter<E>,
    blocks: &[&[KinesisRecord<'_>]],
    next: &AtomicUsize,
    begin: &Begin,
) -> Vec<(usize, Lines)> {
    let mut written = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(block) = blocks.get(index) else { return written };
        let mut lines = Lines::default();
        writer.write(block, begin, &mut lines);
        let stopped = lines.stopped.is_some();
        written.push((index, lines));
        if stopped {
            return written;
        }
    }
}
