//! A schedule that invokes a function: an event of a SAM function, a schedule of `EventBridge` Scheduler, or
//! a rule of `EventBridge`.

use super::names::function_of;
use super::properties::{Properties, UTC};
use super::stop::{Read, Stop};
use super::{Schedule, ScheduleService, kinds};

/// An event of a SAM function.
pub(super) fn of_function(
    name: &str,
    function: &str,
    kind: &str,
    properties: &Properties<'_>,
) -> Read<Schedule> {
    let (service, expression) = match kind {
        "Schedule" => (ScheduleService::EventBridgeRule, "Schedule"),
        _ => (ScheduleService::Scheduler, "ScheduleExpression"),
    };
    let schedule = always(name, function, service, properties.required_text(expression)?);
    timing(Schedule { input: properties.text("Input")?, ..schedule }, properties)
}

/// An `AWS::Scheduler::Schedule`.
pub(super) fn of_scheduler(id: &str, properties: &Properties<'_>) -> Read<Schedule> {
    let target = properties.child("Target")?;
    let expression = properties.required_text("ScheduleExpression")?;
    let schedule = always(id, &function(&target)?, ScheduleService::Scheduler, expression);
    timing(Schedule { input: target.text("Input")?, ..schedule }, properties)
}

/// An `AWS::Events::Rule`, which may have several targets. A target that is not run here is reported.
pub(super) fn of_rule(id: &str, properties: &Properties<'_>) -> Read<Vec<Schedule>> {
    let Some(expression) = properties.text("ScheduleExpression")? else {
        return Err(Stop::left_out(id, "a rule without ScheduleExpression is not run here"));
    };
    let mut schedules = Vec::new();
    for target in properties.items("Targets")? {
        let name = format!("{id}/{}", target.required_text("Id")?);
        match function(&target) {
            Ok(function) => {
                let rule = ScheduleService::EventBridgeRule;
                let schedule = always(&name, &function, rule, expression.clone());
                schedules.push(timing(Schedule { input: target.text("Input")?, ..schedule }, properties)?);
            }
            Err(Stop::LeftOut { place, reason }) => {
                target.pass_over();
                properties.notes().tell(&place, &reason);
            }
            Err(stop) => return Err(stop),
        }
    }
    Ok(schedules)
}

/// The function that a target invokes with just its `Input`.
fn function(target: &Properties<'_>) -> Read<String> {
    target.without_effect(&kinds::SCHEDULE);
    for name in ["InputPath", "InputTransformer"] {
        if target.node(name).is_some() {
            return Err(target.left_out(name, "is not run here, so its target is left out"));
        }
    }
    let arn = target.required_text("Arn")?;
    if arn.contains(":lambda:") && arn.contains(":function:") {
        return Ok(function_of(&arn).to_owned());
    }
    Err(target.left_out("Arn", &format!("is {arn:?}, and only functions are invoked here")))
}

/// A schedule with the defaults of its service.
fn always(name: &str, function: &str, service: ScheduleService, expression: String) -> Schedule {
    Schedule {
        name: name.to_owned(),
        function: function.to_owned(),
        service,
        expression,
        time_zone: UTC.to_owned(),
        input: None,
        enabled: true,
    }
}

/// Adds when a schedule fires, and whether it does.
fn timing(schedule: Schedule, properties: &Properties<'_>) -> Read<Schedule> {
    properties.without_effect(&kinds::SCHEDULE);
    for bound in ["StartDate", "EndDate"] {
        if properties.value(bound)?.is_some() {
            return Err(properties.left_out(bound, "is not run here, so the schedule is left out"));
        }
    }
    let state = properties.text("State")?;
    Ok(Schedule {
        time_zone: properties.time_zone("ScheduleExpressionTimezone")?,
        enabled: properties.flag("Enabled")?.unwrap_or(true) && state.as_deref() != Some("DISABLED"),
        ..schedule
    })
}
