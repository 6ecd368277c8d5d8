//! Sweeps of incomplete messages: by the template's schedules while a run goes on, and of all that is left at its end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::lambda::Function;
use crate::aws::scheduler::{self, Task};
use crate::error::RunError;
use crate::pipeline::machine::Machine;
use crate::pipeline::progress::{Progress, ProgressSender};
use template::Schedule;

/// Invocations in which all of a stream's messages must be looked at.
const MAX_INVOCATIONS: u32 = 100;
/// Tries of one invocation, as Lambda makes of an asynchronous one.
const MAX_TRIES: u32 = 3;

/// A consumer, and the event that lets it give up messages of one stream.
pub(crate) struct Sweep {
    function: Arc<Function>,
    stream: String,
    event: Bytes,
    /// The same event for messages of any age.
    last_event: Bytes,
    /// Between two runs; without one it runs at the end only.
    interval: Option<Duration>,
}

/// What the consumer answers; without these two members it is none's.
#[derive(Deserialize)]
struct Answer {
    waiting: u64,
    done: bool,
}

/// The sweeps of a template, those whose schedule is disabled too.
pub(crate) fn sweeps(machine: &Machine) -> Result<Vec<Sweep>, RunError> {
    let schedules = machine.topology.schedules.iter();
    schedules.filter_map(|schedule| sweep(machine, schedule).transpose()).collect()
}

fn sweep(machine: &Machine, schedule: &Schedule) -> Result<Option<Sweep>, RunError> {
    let input = schedule.input.as_deref().unwrap_or_default();
    let Task::Sweep { stream } = Task::of(Some(input)) else { return Ok(None) };
    let Some(function) = machine.functions.get(&schedule.function).cloned() else { return Ok(None) };
    let interval = scheduler::interval(&schedule.name, &schedule.expression)?;
    Ok(Some(Sweep {
        function,
        event: Bytes::from(input.to_owned()),
        last_event: Bytes::from(of_any_age(input)),
        interval: schedule.enabled.then_some(interval),
        stream,
    }))
}

fn of_any_age(input: &str) -> String {
    let mut event: Value = serde_json::from_str(input).unwrap_or_default();
    if let Some(event) = event.as_object_mut() {
        event.insert("older_than_s".to_owned(), json!(0));
    }
    event.to_string()
}

/// Runs every sweep on its schedule, until this is dropped.
pub(crate) async fn run(sweeps: &[Sweep], progress: &ProgressSender) {
    join_all(sweeps.iter().map(|sweep| sweep.run(progress))).await;
    std::future::pending::<()>().await;
}

/// Gives up every message that is incomplete, on streams that are read to their ends. What went wrong, a line each.
pub(crate) async fn finish(sweeps: &[Sweep]) -> Vec<String> {
    join_all(sweeps.iter().map(Sweep::finish)).await.into_iter().filter_map(Result::err).collect()
}

impl Sweep {
    async fn run(&self, progress: &ProgressSender) {
        let Some(interval) = self.interval else { return };
        loop {
            if let Err(message) = self.invoke(&self.event).await {
                progress.send(Progress::Warning { message });
            }
            tokio::time::sleep(interval).await;
        }
    }

    /// Goes on while the time of one invocation is up before it is done, or pieces were kept so lately that they are
    /// no older than the invocation.
    async fn finish(&self) -> Result<(), String> {
        let mut tries = 0;
        for _ in 0..MAX_INVOCATIONS {
            match self.invoke(&self.last_event).await {
                Ok(Answer { waiting: 0, done: true }) => return Ok(()),
                Ok(_) => tries = 0,
                Err(problem) => {
                    tries += 1;
                    if tries == MAX_TRIES {
                        return Err(problem);
                    }
                }
            }
        }
        Err(format!("messages of stream {} still wait after {MAX_INVOCATIONS} sweeps", self.stream))
    }

    async fn invoke(&self, event: &Bytes) -> Result<Answer, String> {
        let answer = self.function.invoke(event.clone()).await.map_err(|error| error.to_string())?;
        let name = &self.function.definition().name;
        serde_json::from_slice(&answer)
            .map_err(|error| format!("function {name} gave an answer that is no sweep's: {error}"))
    }
}
