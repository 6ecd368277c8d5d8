//! Schedules: how often a function is invoked, and with what.

use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What a schedule's event asks of its function, by what is in the event: any function may have schedules of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// To put a source's records on a stream.
    Produce,
    /// To give up the messages of this stream that stayed incomplete.
    Sweep { stream: String },
    /// Something this runner knows nothing of.
    Other,
}

#[derive(Deserialize)]
struct TaskEvent {
    source: Option<IgnoredAny>,
    sweep: Option<String>,
    stream: Option<String>,
}

impl Task {
    /// The task of an event's JSON text.
    pub(crate) fn of(input: Option<&str>) -> Self {
        let Some(event) = input.and_then(|input| serde_json::from_str::<TaskEvent>(input).ok()) else {
            return Self::Other;
        };
        match event {
            TaskEvent { source: Some(_), .. } => Self::Produce,
            TaskEvent { sweep: Some(what), stream: Some(stream), .. } if what == "chunks" => {
                Self::Sweep { stream }
            }
            _ => Self::Other,
        }
    }
}

/// Why a schedule's expression can't be run here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Not `rate(<whole number> <unit>)`.
    #[error("schedule {schedule} is {expression:?}, expected rate(<number> minutes|hours|days)")]
    NoRate {
        /// Function and event.
        schedule: String,
        /// What was found.
        expression: String,
    },
    /// Valid in AWS, and not run here.
    #[error(
        "schedule {schedule} is {expression:?}; rate(<number> minutes|hours|days) runs here, cron and at do not"
    )]
    Unsupported {
        /// Function and event.
        schedule: String,
        /// What was found.
        expression: String,
    },
}

/// The time between two runs of a schedule.
pub(crate) fn interval(schedule: &str, expression: &str) -> Result<Duration, ScheduleError> {
    let (schedule, text) = (schedule.to_owned(), expression.to_owned());
    if expression.starts_with("cron(") || expression.starts_with("at(") {
        return Err(ScheduleError::Unsupported { schedule, expression: text });
    }
    rate(expression).ok_or(ScheduleError::NoRate { schedule, expression: text })
}

fn rate(expression: &str) -> Option<Duration> {
    let inside = expression.trim().strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = inside.trim().split_once(' ')?;
    let number = number.parse::<u64>().ok().filter(|number| *number > 0)?;
    let seconds = match unit.trim() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_names_a_source_produces_whoever_it_is_for() {
        assert_eq!(Task::of(Some(r#"{"schema":"users","source":{"type":"made-up"}}"#)), Task::Produce);
        let sweep = r#"{"sweep":"chunks","stream":"UsersStream","older_than_s":172800}"#;
        assert_eq!(Task::of(Some(sweep)), Task::Sweep { stream: "UsersStream".to_owned() });
        for other in ["{}", "", r#"{"sweep":"floors","stream":"s"}"#, r#"{"sweep":"chunks"}"#] {
            assert_eq!(Task::of(Some(other)), Task::Other, "{other}");
        }
        assert_eq!(Task::of(None), Task::Other);
    }

    #[test]
    fn rates_are_read_as_event_bridge_reads_them() {
        assert_eq!(interval("s", "rate(1 minute)"), Ok(Duration::from_mins(1)));
        assert_eq!(interval("s", "rate(12 hours)"), Ok(Duration::from_hours(12)));
    }

    #[test]
    fn what_is_no_rate_is_refused_with_what_is_supported() {
        for expression in
            ["rate(0 minutes)", "rate(1.5 hours)", "rate(5 seconds)", "hourly", "rate(5minutes)", ""]
        {
            assert!(matches!(interval("s", expression), Err(ScheduleError::NoRate { .. })), "{expression}");
        }
        assert!(matches!(interval("s", "cron(0 10 * * ? *)"), Err(ScheduleError::Unsupported { .. })));
    }
}
