//! The last sweeps of a run: its schedules fire sweeps as they fire anything, and at its end each is sent once more, for
//! messages of any age.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::lambda::Function;
use crate::pipeline::machine::Machine;
use crate::pipeline::task::Task;
use template::Schedule;

/// Invocations in which all of a stream's messages must be looked at.
const MAX_INVOCATIONS: u32 = 100;
/// Tries of one invocation, as Lambda makes of an asynchronous one.
const MAX_TRIES: u32 = 3;

/// A consumer, and the event that lets it give up all messages of one stream.
struct Sweep {
    function: Arc<Function>,
    stream: String,
    event: Bytes,
}

/// What the consumer answers; without these two members it is none's.
#[derive(Deserialize)]
struct Answer {
    waiting: u64,
    done: bool,
}

/// The sweeps of a template, those whose schedule is disabled too.
fn sweeps(machine: &Machine) -> Vec<Sweep> {
    machine.topology.schedules.iter().filter_map(|schedule| sweep(machine, schedule)).collect()
}

fn sweep(machine: &Machine, schedule: &Schedule) -> Option<Sweep> {
    let input = schedule.input.as_deref()?;
    let Task::Sweep { stream } = Task::of(Some(input)) else { return None };
    let function = machine.functions.get(&schedule.function).cloned()?;
    Some(Sweep { function, event: Bytes::from(of_any_age(input)), stream })
}

fn of_any_age(input: &str) -> String {
    let mut event: Value = serde_json::from_str(input).unwrap_or_default();
    if let Some(event) = event.as_object_mut() {
        event.insert("older_than_s".to_owned(), json!(0));
    }
    event.to_string()
}

/// Gives up every message that is incomplete, on streams that are read to their ends. What went wrong, a line each.
pub(crate) async fn finish(machine: &Machine) -> Vec<String> {
    let sweeps = sweeps(machine);
    join_all(sweeps.iter().map(Sweep::finish)).await.into_iter().filter_map(Result::err).collect()
}

impl Sweep {
    /// Goes on while the time of one invocation is up before it is done, or pieces were kept so lately that they are
    /// no older than the invocation.
    async fn finish(&self) -> Result<(), String> {
        let mut tries = 0;
        for _ in 0..MAX_INVOCATIONS {
            match self.invoke().await {
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

    async fn invoke(&self) -> Result<Answer, String> {
        let answer = self.function.invoke(self.event.clone()).await.map_err(|error| error.to_string())?;
        let name = &self.function.definition().name;
        serde_json::from_slice(&answer)
            .map_err(|error| format!("function {name} gave an answer that is no sweep's: {error}"))
    }
}
