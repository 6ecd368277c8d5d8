//! Schedules: how often a function is invoked, and with what.

use std::time::Duration;

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
