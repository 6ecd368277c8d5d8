//! Rules for functions, and for the schedules that invoke them.

use serde_json::Value;

use crate::check::rule::{Found, Rule, Severity};
use crate::check::stack::{Resource, Stack, members, number, text};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "function-is-invoked-again-beside-its-next-run",
        severity: Severity::Warning,
        reason: "Lambda tries a failed scheduled run twice more, for up to six hours, while the next runs do the same work.",
        fix: "Set EventInvokeConfig: {MaximumRetryAttempts: 0}, and an alarm on Errors.",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html",
        find: is_invoked_again,
    },
    Rule {
        id: "schedule-has-a-fixed-name",
        severity: Severity::Error,
        reason: "SAM names a schedule of EventBridge Scheduler after its event, so a second stack can't be created in the account.",
        fix: "Set OmitName: true.",
        source: "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-schedulev2.html",
        find: schedule_has_a_fixed_name,
    },
    Rule {
        id: "function-has-a-fixed-name",
        severity: Severity::Warning,
        reason: "A second stack of the template can't be created in the region, and a change that replaces the function fails.",
        fix: "Leave FunctionName out.",
        source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html",
        find: has_a_fixed_name,
    },
    Rule {
        id: "function-has-three-seconds",
        severity: Severity::Warning,
        reason: "An invocation that takes longer is killed, and its batch is tried again until it is given up.",
        fix: "Set Timeout to 60 or more.",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html",
        find: has_three_seconds,
    },
    Rule {
        id: "function-logs-for-ever",
        severity: Severity::Warning,
        reason: "The log group that Lambda creates by itself keeps its logs for ever, at your cost.",
        fix: "Add an AWS::Logs::LogGroup with RetentionInDays, and name it in LoggingConfig.",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html",
        find: logs_for_ever,
    },
];

fn events(function: Resource<'_>) -> impl Iterator<Item = (&String, &Value)> {
    members(function.properties().get("Events"))
}

fn is_schedule(event: &Value) -> bool {
    matches!(text(event, "Type"), Some("Schedule" | "ScheduleV2"))
}

fn is_invoked_again(stack: &Stack) -> Vec<Found> {
    let scheduled =
        stack.functions().filter(|function| events(*function).any(|(_, event)| is_schedule(event)));
    scheduled
        .filter(|function| {
            let config = function.properties().get("EventInvokeConfig");
            config.and_then(|config| number(config, "MaximumRetryAttempts")) != Some(0.0)
        })
        .map(|function| {
            let what = "a schedule invokes it, and EventInvokeConfig.MaximumRetryAttempts is not 0";
            Found::new(function.place, &["Properties", "EventInvokeConfig"], what)
        })
        .collect()
}

fn schedule_has_a_fixed_name(stack: &Stack) -> Vec<Found> {
    let mut found = Vec::new();
    for function in stack.functions() {
        for (name, event) in events(function).filter(|(_, event)| text(event, "Type") == Some("ScheduleV2")) {
            let properties = event.get("Properties").unwrap_or(&Value::Null);
            if !crate::check::stack::is_set(properties, "OmitName") {
                let path = ["Properties", "Events", name, "Properties"];
                let what = "its schedule has a fixed name, which can exist only once in the account";
                let mend = ["Properties", "Events", name, "Properties", "ScheduleExpression"];
                let found_here = Found::new(function.place, &path, what);
                found.push(match properties.get("Name") {
                    None => found_here.mended(&mend, &["OmitName: true"]),
                    Some(_) => found_here,
                });
            }
        }
    }
    found
}

fn has_a_fixed_name(stack: &Stack) -> Vec<Found> {
    let named = stack.functions().filter_map(|function| {
        let name = text(function.properties(), "FunctionName")?;
        let path = ["Properties", "FunctionName"];
        Some(Found::new(function.place, &path, format!("its FunctionName is {name:?}")))
    });
    named.collect()
}

fn has_three_seconds(stack: &Stack) -> Vec<Found> {
    let mut found = Vec::new();
    for mapping in stack.mappings() {
        let Some(function) = mapping.function else { continue };
        if number(function.properties(), "Timeout").unwrap_or(3.0) <= 3.0 {
            let what = "it reads a stream, and its Timeout is 3 s";
            found.push(Found::new(function.place, &["Properties", "Timeout"], what));
        }
    }
    found
}

fn logs_for_ever(stack: &Stack) -> Vec<Found> {
    let without = stack.functions().filter(|function| {
        let group = function.properties().get("LoggingConfig").and_then(|config| text(config, "LogGroup"));
        group.is_none() && !has_group(stack, stack.name(function.place))
    });
    without
        .map(|function| {
            let what = "the template has no log group for it";
            Found::new(function.place, &["Properties", "LoggingConfig"], what)
        })
        .collect()
}

/// Whether the template creates the log group that Lambda would create otherwise.
fn has_group(stack: &Stack, function: &str) -> bool {
    let own = format!("/aws/lambda/{function}");
    stack
        .of_kind(&["AWS::Logs::LogGroup"])
        .any(|group| text(group.properties(), "LogGroupName") == Some(&own))
}
