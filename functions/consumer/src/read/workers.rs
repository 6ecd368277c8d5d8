//! Spreads a batch over the function's processors. Lines come out in the order of the records.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use edge::lambda::events::KinesisRecord;
use record_model::{Limits, Schema};

use super::line_writer::LineWriter;
use super::lines::Lines;
use crate::delivery::emptied;
use crate::enrich::Enricher;

/// Records that a thread takes at a time: few enough to spread a small batch, and enough that threads seldom meet.
const RECORDS_AT_A_TIME: usize = 32;

/// One line writer for each thread, kept from one batch to the next.
pub(crate) struct Workers<E: Enricher> {
    writers: Vec<LineWriter<E>>,
    /// The memory of the lines of the batch before.
    buffer: Vec<u8>,
}

impl<E: Enricher> Workers<E> {
    /// `count` writers that share the byte budget of a batch.
    pub(crate) fn new(count: usize, schema: &Schema, enricher: &Arc<E>) -> Self {
        let whole = Limits::default();
        let limits = Limits { batch_bytes_out: whole.batch_bytes_out / count.max(1), ..whole };
        let writer = || LineWriter::new(schema.clone(), Arc::clone(enricher), limits);
        Self { writers: std::iter::repeat_with(writer).take(count.max(1)).collect(), buffer: Vec::new() }
    }

    /// The lines of `records`, up to the first record that could not be begun.
    pub(crate) fn write(&mut self, records: &[KinesisRecord<'_>], begin_until: Instant) -> Lines {
        for writer in &mut self.writers {
            writer.start_batch();
        }
        let mut lines = Lines { bytes: std::mem::take(&mut self.buffer), ..Lines::default() };
        match self.writers.as_mut_slice() {
            // With one processor a thread would only cost time.
            [writer] => writer.write(records, begin_until, &mut lines),
            writers => write_with_threads(writers, records, begin_until, &mut lines),
        }
        lines
    }

    /// Keeps the memory of lines that are not needed any more.
    pub(crate) fn reuse(&mut self, lines: Lines) {
        self.buffer = emptied(lines.bytes);
    }

    /// A writer for messages that are put together from chunks after the batch was read.
    pub(crate) fn first(&mut self) -> Option<&mut LineWriter<E>> {
        self.writers.first_mut()
    }
}

fn write_with_threads<E: Enricher>(
    writers: &mut [LineWriter<E>],
    records: &[KinesisRecord<'_>],
    begin_until: Instant,
    lines: &mut Lines,
) {
    let blocks: Vec<&[KinesisRecord<'_>]> = records.chunks(RECORDS_AT_A_TIME).collect();
    let next = AtomicUsize::new(0);
    let mut written: Vec<(usize, Lines)> = std::thread::scope(|scope| {
        let spawn = |writer| scope.spawn(|| write_blocks(writer, &blocks, &next, begin_until));
        let threads: Vec<_> = writers.iter_mut().map(spawn).collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.flat_map(|blocks| blocks.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    written.sort_by_key(|(block, _)| *block);
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
    begin_until: Instant,
) -> Vec<(usize, Lines)> {
    let mut written = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(block) = blocks.get(index) else { return written };
        let mut lines = Lines::default();
        writer.write(block, begin_until, &mut lines);
        let stopped = lines.stopped.is_some();
        written.push((index, lines));
        if stopped {
            return written;
        }
    }
}
