//! The last sweeps of a run. Schedules of sweeps fire as all others do, and at the end of the run each sweep
//! is sent once more, for messages of any age.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::lambda::Function;
use crate::pipeline::machine::Machine;
use crate::pipeline::task::Task;
use template::Schedule;

/// In how many invocations all messages of a stream must be checked.
const MAX_INVOCATIONS: u32 = 100;
/// How often one invocation is tried, as Lambda does with an asynchronous one.
const MAX_TRIES: u32 = 3;

/// A consumer, and the event that makes it give up all messages of one stream.
struct Sweep {
    function: Arc<Function>,
    stream: String,
    event: Bytes,
}

/// The consumer's answer. An answer without these two members is not a consumer's.
#[derive(Deserialize)]
struct Answer {
    waiting: u64,
    done: bool,
}

/// The sweeps of a template, including those whose schedule is disabled.
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

/// Gives up every incomplete message on streams that were read to their ends. Returns what went wrong, a line
/// each.
pub(crate) async fn finish(machine: &Machine) -> Vec<String> {
    let sweeps = sweeps(machine);
    join_all(sweeps.iter().map(Sweep::finish)).await.into_iter().filter_map(Result::err).collect()
}

impl Sweep {
    /// Repeats the sweep while it runs out of time before it is done, or while pieces were stored so recently
    /// that they are no older than the invocation.
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
            .map_err(|error| format!("function {name} gave an answer that is not a sweep's: {error}"))
    }
}
