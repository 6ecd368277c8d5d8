//! What was put on every stream against what each of its takers did with it: put and carried over = ended and waiting.

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
    /// What the streams that were deleted in the run held then.
    pub(crate) deleted: &'a [ShardCount],
    pub(crate) counts: &'a Counts,
}

/// One taker of a stream.
struct Taker<'a> {
    stream: &'a str,
    /// Its name among the takers of its stream.
    id: String,
    /// What a person calls it.
    name: &'a str,
    /// Records that it is done with.
    ended: u64,
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

    /// Names everything that does not add up, was lost, or is not delivered.
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
            report.problems.push(format!("stream {stream} took {put} records, and nothing here takes them"));
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
        let Taker { stream, id, name, ended } = taker;
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
        (waits > 0).then(|| format!("{name}: {waits} records of stream {stream} are not delivered yet"))
    }

    /// Streams that a client made, and that nothing of the template takes.
    fn beside_the_template(&self) -> impl Iterator<Item = String> {
        let known: BTreeSet<&str> = self.topology.streams.iter().map(|stream| stream.name.as_str()).collect();
        let made = self.after.iter().chain(self.deleted).map(|count| &*count.stream);
        let made: BTreeSet<&str> = made.filter(|stream| !known.contains(stream)).collect();
        made.into_iter().map(|stream| (stream, self.put(stream))).filter(|(_, put)| *put > 0).map(
            |(stream, put)| {
                format!(
                    "stream {stream} is not in the template and took {put} records: nothing here takes them"
                )
            },
        )
    }

    fn takers<'a>(&'a self, stream: &'a str) -> impl Iterator<Item = Taker<'a>> {
        let mappings = self.topology.mappings.iter().filter(move |mapping| mapping.stream == stream);
        let mappings = mappings.map(move |mapping| {
            let key = (mapping.name.as_str().into(), stream.into());
            let ended = self.counts.mappings.get(&key).map_or(0, Taken::ended);
            Taker { stream, id: mapping_id(&mapping.name), name: &mapping.name, ended }
        });
        let deliveries = self.topology.deliveries.iter().filter(move |delivery| delivery.stream == stream);
        mappings.chain(deliveries.map(move |delivery| {
            let ended = self.counts.deliveries.get(delivery.name.as_str()).map_or(0, |counts| counts.passed);
            Taker { stream, id: delivery_id(&delivery.name), name: &delivery.name, ended }
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

/// A delivery all of whose records failed is a problem; some that failed are told.
fn failures(delivery: &str, delivered: &Delivered, report: &mut Report) {
    if delivered.failed == 0 {
        return;
    }
    let all = delivered.delivered == 0 && delivered.dropped == 0;
    let of = delivered.failed + delivered.delivered + delivered.dropped;
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
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use template::Stream;

    use super::*;
    use crate::aws::event::{Condition, Event, Observer as _};
    use crate::pipeline::ledger::Ledger;

    fn topology(text: &str) -> Topology {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, text).unwrap();
        template::read(&path, &BTreeMap::new()).unwrap()
    }

    /// One stream `S`, and one mapping `F/Records`.
    fn one_mapping() -> Topology {
        topology(include_str!("../../tests/it/one_mapping.yaml"))
    }

    fn count(put_now: u64, waiting: u64) -> ShardCount {
        ShardCount {
            stream: Arc::from("S"),
            shard: Arc::from("shardId-000000000000"),
            put: put_now,
            put_now,
            waiting: BTreeMap::from([(mapping_id("F/Records"), waiting)]),
        }
    }

    fn acknowledged(records: u64) -> Event {
        Event::Acknowledged { mapping: "F/Records".into(), stream: "S".into(), shard: "0".into(), records }
    }

    fn discarded(records: u64, kept: Option<String>) -> Event {
        let condition = Condition::RetriesExhausted;
        Event::Discarded {
            mapping: "F/Records".into(),
            stream: "S".into(),
            shard: "0".into(),
            records,
            condition,
            kept,
        }
    }

    fn check(topology: &Topology, before: &[ShardCount], after: &[ShardCount], events: Vec<Event>) -> Report {
        let ledger = Ledger::default();
        for event in events {
            ledger.on(event);
        }
        let mut report = Report::default();
        let counts = ledger.counts();
        Balance { topology, before, after, deleted: &[], counts: &counts }.check(&mut report);
        report
    }

    proptest! {
        /// A stream is deleted while records wait, and may be made again: what was taken before, in the air then, or
        /// of the new stream adds up with what went with the old one.
        #[test]
        fn records_that_went_with_their_stream_are_named_and_no_others(
            put in 0..50_u64, taken in 0..50_u64, in_the_air in 0..10_u64, again in 0..20_u64,
        ) {
            let taken = taken.min(put);
            let in_the_air = in_the_air.min(put - taken);
            let ledger = Ledger::default();
            ledger.on(acknowledged(taken + in_the_air + again));
            let (topology, counts) = (one_mapping(), ledger.counts());
            let (after, deleted) = ([count(again, 0)], [count(put, put - taken)]);
            let balance =
                Balance { topology: &topology, before: &[], after: &after, deleted: &deleted, counts: &counts };
            let mut report = Report::default();
            balance.check(&mut report);
            let gone = put - taken - in_the_air;
            let expected = (gone > 0)
                .then(|| format!("F/Records: {gone} records of stream S were deleted with it, undelivered"));
            prop_assert_eq!(report.problems, Vec::from_iter(expected));
        }
    }

    #[test]
    fn a_stream_that_a_client_made_and_nothing_takes_is_told() {
        let made = ShardCount { stream: Arc::from("T"), waiting: BTreeMap::new(), ..count(3, 0) };
        let report = check(&one_mapping(), &[], &[made], Vec::new());
        assert_eq!(
            report.notes,
            ["stream T is not in the template and took 3 records: nothing here takes them"]
        );
        assert!(report.is_complete());
    }

    proptest! {
        #[test]
        fn a_run_is_complete_exactly_if_everything_due_is_taken_or_kept(
            carried in 0..50_u64, put in 0..50_u64, taken in 0..100_u64, kept in 0..10_u64, lost in 0..10_u64,
            waiting in 0..10_u64,
        ) {
            let events = vec![acknowledged(taken), discarded(kept, Some("key".to_owned())), discarded(lost, None)];
            let report = check(&one_mapping(), &[count(0, carried)], &[count(put, waiting)], events);
            let adds_up = taken + kept + lost + waiting == carried + put;
            prop_assert_eq!(report.problems.is_empty(), adds_up && waiting == 0 && lost == 0, "{:?}", report);
        }
    }

    #[test]
    fn a_stream_that_nothing_takes_is_a_problem_once_it_has_records() {
        let mut topology = one_mapping();
        topology.mappings.clear();
        let counts = |put| ShardCount { waiting: BTreeMap::new(), ..count(put, 0) };
        assert!(check(&topology, &[counts(0)], &[counts(0)], Vec::new()).is_complete());
        let report = check(&topology, &[counts(0)], &[counts(3)], Vec::new());
        assert_eq!(report.problems, ["stream S took 3 records, and nothing here takes them"]);
    }

    #[test]
    fn what_a_taker_that_does_not_run_would_have_done_is_never_called_complete() {
        let mut topology = one_mapping();
        let reason = "Other: a fan-out consumer does not run here".to_owned();
        topology.unrun_takers.push(template::UnrunTaker { stream: "S".to_owned(), reason });
        assert!(!check(&topology, &[count(0, 0)], &[count(1, 0)], vec![acknowledged(1)]).is_complete());
    }

    #[test]
    fn a_delivery_all_of_whose_records_failed_is_a_problem_with_its_reasons() {
        let fail = |records| Event::Failed {
            delivery: "D".into(),
            records,
            code: "Lambda.FunctionError".to_owned(),
            message: "it ended".to_owned(),
        };
        let topology = Topology { streams: Vec::<Stream>::new(), ..Topology::default() };
        let report = check(&topology, &[], &[], vec![fail(2), fail(1)]);
        assert_eq!(report.problems, ["D: 3 of 3 records failed: 3 x Lambda.FunctionError: it ended"]);
        let delivered = Event::Delivered { delivery: "D".into(), key: "k".to_owned(), records: 1, bytes: 1 };
        let report = check(&topology, &[], &[], vec![fail(2), delivered]);
        assert!(report.problems.is_empty() && report.notes.len() == 1, "{report:?}");
    }
}
