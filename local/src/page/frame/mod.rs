//! The totals at one moment, which `/events` sends. Each frame is complete, so a browser that misses one loses nothing.

mod rates;
mod taken;

use std::collections::BTreeMap;

use serde::Serialize;

use super::scene::Scene;
use super::watch::Seen;
use crate::aws::clock::{Moment, now_ms};
use crate::aws::event::Name;
use crate::aws::kinesis::store::ShardCount;
use crate::aws::scheduler;
use crate::pipeline::ledger::Counts;
use rates::Rates;
use taken::{Delivery, Exits, Mapping};

/// How often the ages of the oldest waiting records are read, in milliseconds. Each time, files are read.
const AGES_EVERY_MS: Moment = 1_000;
/// The longest pause between two frames after which rates go on, in milliseconds. After a longer one they begin anew.
const PAUSE_MS: Moment = 5_000;
/// The most warnings that a frame has.
const WARNINGS: usize = 5;

/// Everything that a frame says.
#[derive(Debug, Serialize)]
pub(super) struct Totals {
    run: String,
    started_ms: Moment,
    phase: &'static str,
    heads: Heads,
    sources: Vec<Source>,
    streams: Vec<Stream>,
    mappings: Vec<Mapping>,
    deliveries: Vec<Delivery>,
    functions: Vec<Function>,
    schedules: Vec<Schedule>,
    buckets: Vec<Bucket>,
    exits: Exits,
    warnings: Vec<String>,
}

/// The newest number of each kind. A number that changed tells the page that there is something new to ask for.
#[derive(Debug, Serialize)]
struct Heads {
    topology: u64,
    invocations: u64,
    objects: u64,
    failures: u64,
    warnings: u64,
}

/// What the producers of a data set reported in their answers.
#[derive(Debug, Serialize)]
struct Source {
    data_set: String,
    read: u64,
    put: u64,
    quarantined: u64,
}

#[derive(Debug, Serialize)]
struct Stream {
    name: String,
    put: u64,
    carried: u64,
    user_records: u64,
    bytes: u64,
    per_second: u64,
    bytes_per_second: u64,
    shards: Vec<Shard>,
}

#[derive(Debug, Serialize)]
struct Shard {
    id: String,
    put: u64,
    per_second: u64,
    bytes: u64,
    bytes_per_second: u64,
    open: bool,
}

#[derive(Debug, Serialize)]
struct Function {
    name: String,
    invocations: u64,
    errors: u64,
    cold: u64,
    at_work: u64,
}

#[derive(Debug, Serialize)]
struct Schedule {
    name: String,
    fired: u64,
    last_ms: Option<Moment>,
    next_ms: Option<Moment>,
}

#[derive(Debug, Serialize)]
struct Bucket {
    name: String,
    objects: u64,
    bytes: u64,
}

/// What the last frames said, which is needed for the next one.
#[derive(Debug, Default)]
pub(super) struct Frames {
    rates: Rates,
    looked_ms: Moment,
    ages: BTreeMap<(String, String), u64>,
    ages_ms: Moment,
    /// Stream, shard and whether the shard was open when it was last looked at.
    shards: Vec<(String, String, bool)>,
    topology: u64,
}

/// Everything from which one frame is made.
struct Look<'a> {
    scene: &'a Scene,
    seen: &'a Seen,
    counts: &'a Counts,
    shards: &'a [ShardCount],
    now: Moment,
}

impl Frames {
    /// Makes the totals of this moment. It reads files, so it must not run on a task that others wait for.
    pub(super) fn next(&mut self, scene: &Scene) -> Totals {
        let now = now_ms();
        if now.saturating_sub(self.looked_ms) > PAUSE_MS {
            self.rates.begin_anew();
        }
        self.looked_ms = now;
        self.look_at_ages(scene, now);
        let mut shards = scene.streams.counts();
        shards.extend(scene.streams.deleted());
        self.look_at_shards(scene);
        let counts = scene.ledger.counts();
        scene.watch.look(|seen| {
            let look = Look { scene, seen, counts: &counts, shards: &shards, now };
            self.totals(&look)
        })
    }

    fn totals(&mut self, look: &Look<'_>) -> Totals {
        let Look { scene, seen, .. } = look;
        let mappings = self.mappings(look);
        let deliveries = self.deliveries(look);
        Totals {
            run: scene.run.clone(),
            started_ms: scene.started_ms,
            phase: seen.phase.as_str(),
            heads: Heads {
                topology: self.topology,
                invocations: seen.invocations.head(),
                objects: seen.objects.newest.head(),
                failures: seen.failures.newest.head(),
                warnings: seen.warnings.newest.head(),
            },
            sources: sources(scene),
            streams: self.streams(look),
            exits: Exits::of(seen, &mappings, &deliveries),
            mappings,
            deliveries,
            functions: functions(look),
            schedules: schedules(look),
            buckets: buckets(look),
            warnings: seen
                .warnings
                .newest
                .before(None)
                .take(WARNINGS)
                .map(|(_, text)| text.clone())
                .collect(),
        }
    }

    /// Reads the ages if it is time to. If the files can't be read, the frame has no ages.
    fn look_at_ages(&mut self, scene: &Scene, now: Moment) {
        if now.saturating_sub(self.ages_ms) >= AGES_EVERY_MS {
            self.ages_ms = now;
            self.ages = scene.streams.oldest_waiting().unwrap_or_default();
        }
    }

    fn look_at_shards(&mut self, scene: &Scene) {
        let mut shards = Vec::new();
        for stream in &scene.topology.streams {
            let Ok(found) = scene.streams.stream(&stream.name) else { continue };
            found.with(|description| {
                let of_stream = description.shards.iter();
                shards
                    .extend(of_stream.map(|shard| (stream.name.clone(), shard.id(), shard.closed.is_none())));
            });
        }
        if shards != self.shards {
            self.shards = shards;
            self.topology += 1;
        }
    }

    fn streams(&mut self, look: &Look<'_>) -> Vec<Stream> {
        look.scene.topology.streams.iter().map(|stream| self.stream(&stream.name, look)).collect()
    }

    fn stream(&mut self, name: &str, look: &Look<'_>) -> Stream {
        let put = look.counts.streams.get(name).copied().unwrap_or_default();
        let shards: Vec<Shard> = look
            .shards
            .iter()
            .filter(|count| &*count.stream == name)
            .map(|count| self.shard(count, look))
            .collect();
        let records = shards.iter().map(|shard| shard.put).sum();
        Stream {
            name: name.to_owned(),
            put: records,
            carried: taken::carried(name, look),
            user_records: put.user_records,
            bytes: put.bytes,
            per_second: self.rates.look(&format!("put {name}"), look.now, records),
            bytes_per_second: self.rates.look(&format!("bytes {name}"), look.now, put.bytes),
            shards,
        }
    }

    fn shard(&mut self, count: &ShardCount, look: &Look<'_>) -> Shard {
        let key: (Name, Name) = (count.stream.clone(), count.shard.clone());
        let bytes = look.seen.shard_bytes.get(&key).copied().unwrap_or(0);
        let name = format!("{}/{}", count.stream, count.shard);
        let is_same = |(stream, shard, _): &&(String, String, bool)| {
            **stream == *count.stream && **shard == *count.shard
        };
        Shard {
            id: count.shard.to_string(),
            put: count.put_now,
            per_second: self.rates.look(&format!("put {name}"), look.now, count.put_now),
            bytes,
            bytes_per_second: self.rates.look(&format!("bytes {name}"), look.now, bytes),
            open: self.shards.iter().find(is_same).is_some_and(|(_, _, is_open)| *is_open),
        }
    }
}

fn sources(scene: &Scene) -> Vec<Source> {
    let tallies = scene.tallies.all().into_iter();
    let source = |(data_set, tally): (String, crate::pipeline::source::SourceTally)| Source {
        data_set,
        read: tally.read,
        put: tally.put,
        quarantined: tally.quarantined,
    };
    tallies.map(source).collect()
}

fn functions(look: &Look<'_>) -> Vec<Function> {
    let function = |name: &String| {
        let tally = look.seen.invocations.tally(name);
        Function {
            name: name.clone(),
            invocations: tally.invocations,
            errors: tally.errors,
            cold: tally.cold,
            at_work: tally.at_work,
        }
    };
    look.scene.functions.keys().map(function).collect()
}

fn schedules(look: &Look<'_>) -> Vec<Schedule> {
    let schedule = |schedule: &template::Schedule| {
        let last_ms = look.counts.fired.get(schedule.name.as_str()).copied();
        Schedule {
            name: schedule.name.clone(),
            fired: look.seen.fired.get(schedule.name.as_str()).copied().unwrap_or(0),
            last_ms,
            next_ms: last_ms.and_then(|last| scheduler::next(schedule, last, look.now)),
        }
    };
    look.scene.topology.schedules.iter().map(schedule).collect()
}

fn buckets(look: &Look<'_>) -> Vec<Bucket> {
    let bucket = |name: &String| {
        let taken = look.seen.objects.buckets.get(name.as_str()).copied().unwrap_or_default();
        Bucket { name: name.clone(), objects: taken.objects, bytes: taken.bytes }
    };
    look.scene.topology.buckets.iter().map(bucket).collect()
}
