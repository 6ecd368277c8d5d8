//! A schedule that invokes a function: an event of a SAM function, a schedule of `EventBridge` Scheduler, or
//! a rule of `EventBridge`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

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
    let name = properties.scope().home.name(id);
    let schedule = always(&name, &function(&target)?, ScheduleService::Scheduler, expression);
    timing(Schedule { input: target.text("Input")?, ..schedule }, properties)
}

/// An `AWS::Events::Rule`, which may have several targets. A target that is not run here is reported.
pub(super) fn of_rule(id: &str, properties: &Properties<'_>) -> Read<Vec<Schedule>> {
    let Some(expression) = properties.text("ScheduleExpression")? else {
        return Err(Stop::left_out(id, "a rule without ScheduleExpression is not run here"));
    };
    let mut schedules = Vec::new();
    for target in properties.items("Targets")? {
        let name = format!("{}/{}", properties.scope().home.name(id), target.required_text("Id")?);
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
        start: None,
        end: None,
        enabled: true,
    }
}

/// Reads `StartDate` or `EndDate`. A time without an offset is in UTC.
fn bound(properties: &Properties<'_>, name: &str) -> Read<Option<Timestamp>> {
    let Some(text) = properties.text(name)? else { return Ok(None) };
    let in_utc = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    let moment = text.parse::<Timestamp>().ok().or_else(in_utc);
    let problem = format!("is {text:?}, expected a time such as 2026-01-31T08:00:00Z");
    moment.map(Some).ok_or_else(|| properties.malformed(name, &problem))
}

/// Adds when a schedule fires, and whether it does.
fn timing(schedule: Schedule, properties: &Properties<'_>) -> Read<Schedule> {
    properties.without_effect(&kinds::SCHEDULE);
    let state = properties.text("State")?;
    Ok(Schedule {
        start: bound(properties, "StartDate")?,
        end: bound(properties, "EndDate")?,
        time_zone: properties.time_zone("ScheduleExpressionTimezone")?,
        enabled: properties.flag("Enabled")?.unwrap_or(true) && state.as_deref() != Some("DISABLED"),
        ..schedule
    })
}
