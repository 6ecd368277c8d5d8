//! The input files of a run. Each is read by its producer, which is invoked until it says that it is done.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::lambda::Function;
use crate::aws::scheduler;
use crate::error::RunError;
use crate::options::{Input, RunOptions};
use crate::pipeline::data_set::{self, DataSets};
use crate::pipeline::input_share::{InputFile, ReadObject};
use crate::pipeline::machine::Machine;
use crate::pipeline::progress::{Progress, ProgressSender};
use crate::pipeline::upload::{Uploaded, Uploads};
use template::{Schedule, Topology};

/// How often one invocation is tried, as Lambda does with an asynchronous one.
const MAX_TRIES: u32 = 3;

/// The pause before a producer is invoked again that read nothing and is not done.
const WITHOUT_PROGRESS: Duration = Duration::from_millis(500);

/// What the producers of one data set answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceTally {
    pub(crate) read: u64,
    pub(crate) put: u64,
    pub(crate) quarantined: u64,
    pub(crate) problems: Vec<String>,
    /// The files that are read; one whose share can't be told is none.
    pub(crate) files: Vec<Option<InputFile>>,
}

/// What all producers answered, by data set.
#[derive(Debug, Default)]
pub(crate) struct SourceTallies(Mutex<BTreeMap<String, SourceTally>>);

impl SourceTallies {
    pub(crate) fn of(&self, data_set: &str) -> SourceTally {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(data_set).cloned().unwrap_or_default()
    }

    /// By data set.
    pub(crate) fn all(&self) -> BTreeMap<String, SourceTally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, data_set: &str, change: impl FnOnce(&mut SourceTally)) -> SourceTally {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(data_set.to_owned()).or_default();
        change(tally);
        tally.clone()
    }
}

/// A producer, and the event that names its file.
pub(crate) struct Source {
    data_set: String,
    function: Arc<Function>,
    event: Bytes,
    file: Option<InputFile>,
    /// The input's file, if an earlier run in this folder has read it.
    seen_before: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    read: u64,
    #[serde(default)]
    put: u64,
    #[serde(default)]
    quarantined: u64,
    #[serde(default = "yes")]
    done: bool,
}

fn yes() -> bool {
    true
}

/// Refuses inputs that can't be run, before anything is started.
pub(crate) fn check(options: &RunOptions, topology: &Topology) -> Result<(), RunError> {
    let data_sets = DataSets::of(topology, options);
    for input in &options.inputs {
        let opened = fs::File::open(&input.path).and_then(|file| file.metadata());
        let is_file = opened.and_then(|file| {
            if file.is_dir() { Err(std::io::ErrorKind::IsADirectory.into()) } else { Ok(()) }
        });
        is_file.map_err(|source| RunError::Input { path: input.path.clone(), source })?;
        schedule_of(topology, &data_sets, input)?;
    }
    for schedule in topology.schedules.iter().filter(|schedule| schedule.enabled) {
        scheduler::check(schedule)?;
    }
    Ok(())
}

/// The sources of a run, one for each input.
pub(crate) fn sources(machine: &Machine, options: &RunOptions) -> Result<Vec<Source>, RunError> {
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    for input in &options.inputs {
        let path = input.path.canonicalize().unwrap_or_else(|_| input.path.clone());
        if seen.insert((&input.data_set, path)) {
            sources.extend(from_input(machine, options, input)?);
        } else {
            let message = format!("{} is given twice, and is read once", input.path.display());
            machine.progress.send(Progress::Note { message });
        }
    }
    Ok(sources)
}

/// Puts the file into the bucket, as the object that the producer's event will name.
fn from_input(machine: &Machine, options: &RunOptions, input: &Input) -> Result<Option<Source>, RunError> {
    let schedule = schedule_of(&machine.topology, &machine.data_sets, input)?;
    let Some(function) = machine.functions.get(&schedule.function).cloned() else { return Ok(None) };
    let buckets = function.definition().variables.get("OUTPUT_BUCKET").or(machine.topology.buckets.first());
    let bucket = buckets.cloned().unwrap_or_default();
    let bucket_folder = options.data_dir.join("s3").join(&bucket);
    let uploads = Uploads { bucket: &bucket_folder, unfinished: &machine.folder.folder("uploads")? };
    let Uploaded { key, was_there, changed } = uploads.upload(input)?;
    if changed {
        let message = format!(
            "{} is not the file that an earlier run in this folder read under that name: it is read from its start",
            input.path.display()
        );
        machine.progress.send(Progress::Note { message });
    }
    let object = json!({"type": "s3", "bucket": bucket, "key": key, "format": input.format()});
    let event = event_of(machine, schedule, object);
    let seen_before = was_there.then(|| input.path.display().to_string());
    let data_set = input.data_set.clone();
    let stream = function.definition().variables.get("STREAM_NAME").map_or("", String::as_str);
    let object =
        ReadObject { folder: &bucket_folder, bucket: &bucket, key: &key, data_set: &data_set, stream };
    let file = InputFile::of(object);
    Ok(Some(Source { data_set, function, event, file, seen_before }))
}

/// What the schedule sends its producer, with this source in place of its own.
fn event_of(machine: &Machine, schedule: &Schedule, source: Value) -> Bytes {
    let sent = schedule.input.as_deref().and_then(|input| serde_json::from_str(input).ok());
    let mut event: Value = sent.unwrap_or_else(|| json!({}));
    if let Some(event) = event.as_object_mut() {
        // If an event names no schema, its function's applies.
        if let Some(schema) = data_set::schema_of(&machine.topology, schedule) {
            event.insert("schema".to_owned(), json!(schema));
        }
        event.insert("source".to_owned(), source);
    }
    Bytes::from(event.to_string())
}

fn schedule_of<'a>(
    topology: &'a Topology,
    data_sets: &DataSets,
    input: &Input,
) -> Result<&'a Schedule, RunError> {
    let feeds = |schedule: &&Schedule| data_sets.of_schedule(schedule) == Some(&input.data_set);
    topology.schedules.iter().find(feeds).ok_or_else(|| RunError::NoProducer {
        data_set: input.data_set.clone(),
        known: topology
            .schedules
            .iter()
            .filter_map(|schedule| data_sets.of_schedule(schedule))
            .map(str::to_owned)
            .collect(),
    })
}

/// Runs all inputs at once, each to its end.
pub(crate) async fn run(sources: &[Source], tallies: &SourceTallies, progress: &ProgressSender) {
    join_all(sources.iter().map(|source| source.run(tallies, progress))).await;
}

impl Source {
    /// Invokes the producer until it says that it is done.
    async fn run(&self, tallies: &SourceTallies, progress: &ProgressSender) {
        tallies.change(&self.data_set, |tally| tally.files.push(self.file.clone()));
        let mut tries = 0;
        let mut problems: Vec<String> = Vec::new();
        loop {
            match self.invoke().await {
                Ok(answer) => {
                    tries = 0;
                    problems.clear();
                    self.count(&answer, tallies);
                    if answer.done {
                        return self.tell_if_nothing_new(tallies, progress);
                    }
                    if answer.read == 0 {
                        // For example, it waits for the lease of a producer that crashed.
                        tokio::time::sleep(WITHOUT_PROGRESS).await;
                    }
                }
                Err(problem) => {
                    tries += 1;
                    // The first problem may say how far the producer came, whereas later ones say only that
                    // it came no further.
                    if !problems.contains(&problem) {
                        progress.send(Progress::Warning { message: problem.clone() });
                        problems.push(problem);
                    }
                    if tries == MAX_TRIES {
                        tallies.change(&self.data_set, |tally| tally.problems.append(&mut problems));
                        return;
                    }
                }
            }
        }
    }

    /// Reports a file that an earlier run read to its end, since it adds nothing to this run.
    fn tell_if_nothing_new(&self, tallies: &SourceTallies, progress: &ProgressSender) {
        if let Some(file) = &self.seen_before
            && tallies.of(&self.data_set).read == 0
        {
            let message = format!(
                "{file} was read by an earlier run in this folder and has not changed since; --fresh reads it again"
            );
            progress.send(Progress::Note { message });
        }
    }

    async fn invoke(&self) -> Result<Answer, String> {
        let answer = self.function.invoke(self.event.clone()).await.map_err(|error| error.to_string())?;
        let name = &self.function.definition().name;
        serde_json::from_slice(&answer)
            .map_err(|error| format!("function {name} gave an answer that is not a producer's: {error}"))
    }

    fn count(&self, answer: &Answer, tallies: &SourceTallies) {
        tallies.change(&self.data_set, |tally| {
            tally.read += answer.read;
            tally.put += answer.put;
            tally.quarantined += answer.quarantined;
        });
    }
}
