//! Decides which of a template's schedules fire in a run.

use std::sync::Arc;

use crate::aws::scheduler::{ScheduleError, Scheduler};
use crate::options::RunOptions;
use crate::pipeline::machine::Machine;
use crate::pipeline::task::Task;
use template::Schedule;

/// The schedules that are enabled. In a run of input files, the files replace those that feed a data set, so
/// that only sweeps fire.
pub(crate) fn scheduler(machine: &Machine, options: &RunOptions) -> Result<Scheduler, ScheduleError> {
    let fires = |schedule: &&Schedule| {
        let is_sweep = || matches!(Task::of(schedule.input.as_deref()), Task::Sweep { .. });
        schedule.enabled && (options.inputs.is_empty() || is_sweep())
    };
    let asynchronous = Arc::clone(&machine.asynchronous);
    let mut scheduler =
        Scheduler::new(Arc::clone(&machine.clock), Arc::clone(&machine.observer), asynchronous);
    for schedule in machine.topology.schedules.iter().filter(fires) {
        let Some(function) = machine.functions.get(&schedule.function).cloned() else { continue };
        let retries = function.definition().asynchronous;
        scheduler.add(schedule.clone(), function, retries)?;
    }
    Ok(scheduler)
}
