//! Compares what was put on every stream with what each taker did with it: put and carried over = ended and
//! waiting.

use std::collections::{BTreeMap, BTreeSet};

use template::Topology;

use crate::aws::kinesis::store::ShardCount;
use crate::pipeline::ledger::{Counts, Delivered, Taken};
use crate::pipeline::report::Report;

/// The counts that a run ends with.
pub(crate) struct Balance<'a> {
    pub(crate) topology: &'a Topology,
    /// The streams when the run began, once every taker had its place.
    pub(crate) before: &'a [ShardCount],
    /// The streams now.
    pub(crate) after: &'a [ShardCount],
    /// What the streams that were deleted in the run held at that moment.
    pub(crate) deleted: &'a [ShardCount],
    pub(crate) counts: &'a Counts,
}

/// One taker of a stream.
struct Taker<'a> {
    stream: &'a str,
    /// Its name among the takers of its stream.
    id: String,
    /// The name that users know.
    name: &'a str,
    /// Records that it is done with.
    ended: u64,
    /// Whether its function is never invoked.
    is_throttled: bool,
}

/// Whether Lambda throttles every invocation of a function, because its reserved concurrency is 0.
pub(crate) fn is_never_invoked(topology: &Topology, function: &str) -> bool {
    let mut functions = topology.functions.iter();
    functions.any(|definition| definition.name == function && definition.reserved_concurrency == Some(0))
}

/// The name under which a mapping has its places.
pub(crate) fn mapping_id(mapping: &str) -> String {
    format!("mapping {mapping}")
}

/// The name under which a delivery stream has its places.
pub(crate) fn delivery_id(delivery: &str) -> String {
    format!("delivery stream {delivery}")
}

impl Balance<'_> {
    /// Records that the stream took in this run.
    pub(crate) fn put(&self, stream: &str) -> u64 {
        let counts = self.after.iter().chain(self.deleted);
        counts.filter(|count| &*count.stream == stream).map(|count| count.put_now).sum()
    }

    /// Reports everything that does not add up, was lost, or is not delivered.
    pub(crate) fn check(&self, report: &mut Report) {
        for stream in &self.topology.streams {
            self.check_stream(&stream.name, report);
        }
        report.problems.extend(self.counts.damages.iter().cloned());
        report.notes.extend(self.beside_the_template());
        for ((mapping, stream), taken) in &self.counts.mappings {
            report.problems.extend(losses(mapping, stream, taken));
        }
        for (delivery, delivered) in &self.counts.deliveries {
            failures(delivery, delivered, report);
        }
        for (function, failed) in &self.counts.failed_invocations {
            report.problems.push(format!(
                "{function}: {} invocations by a schedule failed for good, the last one: {}",
                failed.count, failed.reason
            ));
        }
        for (service, calls) in &self.counts.fenced {
            report.notes.push(format!("{calls} calls of {service} were refused: it does not run here"));
        }
    }

    fn check_stream(&self, stream: &str, report: &mut Report) {
        let put = self.put(stream);
        let takers: Vec<Taker<'_>> = self.takers(stream).collect();
        for unrun in self.topology.unrun_takers.iter().filter(|unrun| unrun.stream == stream) {
            report.problems.push(format!(
                "{}; what it would have done with the records of stream {stream} is not known",
                unrun.reason
            ));
        }
        if takers.is_empty() && put > 0 {
            report.problems.push(format!("stream {stream} took {put} records, but nothing here reads them"));
        }
        let carried = takers.iter().map(|taker| waiting(self.before, stream, &taker.id)).max().unwrap_or(0);
        if carried > 0 {
            report.notes.push(format!(
                "{carried} records that earlier runs put on stream {stream} waited when this run began, and are in its \
                 figures too"
            ));
        }
        for taker in takers {
            report.problems.extend(self.check_taker(&taker, put));
        }
    }

    fn check_taker(&self, taker: &Taker<'_>, put: u64) -> Option<String> {
        let Taker { stream, id, name, ended, is_throttled } = taker;
        let carried = waiting(self.before, stream, id);
        let waits = waiting(self.after, stream, id);
        let due = carried + put;
        let gone = due.saturating_sub(ended + waits);
        if gone > 0 && gone <= waiting(self.deleted, stream, id) {
            return Some(format!(
                "{name}: {gone} records of stream {stream} were deleted with it, undelivered"
            ));
        }
        if ended + waits != due {
            return Some(format!(
                "{name}: {put} records were put on stream {stream} and {carried} waited before, which is {due}; \
                 {ended} are done and {waits} wait, which is {}",
                ended + waits
            ));
        }
        let why = if *is_throttled {
            ": the reserved concurrency of its function is 0, so Lambda throttles every batch"
        } else {
            ""
        };
        (waits > 0).then(|| format!("{name}: {waits} records of stream {stream} are not delivered yet{why}"))
    }

    /// Streams that a client made, and that nothing in the template reads.
    fn beside_the_template(&self) -> impl Iterator<Item = String> {
        let known: BTreeSet<&str> = self.topology.streams.iter().map(|stream| stream.name.as_str()).collect();
        let made = self.after.iter().chain(self.deleted).map(|count| &*count.stream);
        let made: BTreeSet<&str> = made.filter(|stream| !known.contains(stream)).collect();
        made.into_iter().map(|stream| (stream, self.put(stream))).filter(|(_, put)| *put > 0).map(
            |(stream, put)| {
                format!(
                    "stream {stream} is not in the template and took {put} records, \
                     but nothing here reads them"
                )
            },
        )
    }

    fn takers<'a>(&'a self, stream: &'a str) -> impl Iterator<Item = Taker<'a>> {
        let mappings = self.topology.mappings.iter().filter(move |mapping| mapping.stream == stream);
        let mappings = mappings.map(move |mapping| {
            let key = (mapping.name.as_str().into(), stream.into());
            let ended = self.counts.mappings.get(&key).map_or(0, Taken::ended);
            let is_throttled = is_never_invoked(self.topology, &mapping.function);
            Taker { stream, id: mapping_id(&mapping.name), name: &mapping.name, ended, is_throttled }
        });
        let deliveries = self.topology.deliveries.iter().filter(move |delivery| delivery.stream == stream);
        mappings.chain(deliveries.map(move |delivery| {
            let ended = self.counts.deliveries.get(delivery.name.as_str()).map_or(0, |counts| counts.passed);
            let id = delivery_id(&delivery.name);
            Taker { stream, id, name: &delivery.name, ended, is_throttled: false }
        }))
    }
}

/// Records of the stream that the taker has not passed.
pub(crate) fn waiting(counts: &[ShardCount], stream: &str, taker: &str) -> u64 {
    let of_stream = counts.iter().filter(|count| &*count.stream == stream);
    of_stream.filter_map(|count| count.waiting.get(taker)).sum()
}

fn losses(mapping: &str, stream: &str, taken: &Taken) -> Vec<String> {
    let mut problems = Vec::new();
    if taken.lost > 0 {
        problems.push(format!(
            "{mapping}: {} records of stream {stream} ran out of retries, and Lambda loses them: \
             the mapping has no on-failure destination",
            taken.lost
        ));
    }
    if taken.windows_lost > 0 {
        problems.push(format!("{mapping}: {} windows could not be closed", taken.windows_lost));
    }
    problems
}

/// If all records of a delivery failed, that is a problem. If only some did, it is a note.
fn failures(delivery: &str, delivered: &Delivered, report: &mut Report) {
    if delivered.failed == 0 {
        return;
    }
    let done = delivered.delivered + delivered.indexed + delivered.dropped;
    let (all, of) = (done == 0, done + delivered.failed);
    let told = if all { &mut report.problems } else { &mut report.notes };
    told.push(format!(
        "{delivery}: {} of {of} records failed:{}",
        delivered.failed,
        counted(&delivered.reasons)
    ));
}

/// Reasons with their counts, the most frequent first.
pub(crate) fn counted(reasons: &BTreeMap<String, u64>) -> String {
    let mut sorted: Vec<_> = reasons.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let counted: Vec<_> = sorted.iter().map(|(reason, count)| format!(" {count} x {reason}")).collect();
    counted.join(";")
}

#[cfg(test)]
mod tests;
