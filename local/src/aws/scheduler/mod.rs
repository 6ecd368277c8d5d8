//! Schedules: when they are due, and what they send to their functions. Invoking is all that a schedule does.

mod cron;
mod due;
mod event;
mod field;

use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use template::{AsynchronousRetries, Schedule};
use uuid::Uuid;

use due::Due;

use super::clock::{Clock, Moment};
use super::event::{Event, Observer};
use super::lambda::{Asynchronous, Invoke};

/// Why a schedule can't be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("schedule {schedule} is {expression:?}: {reason}")]
pub struct ScheduleError {
    /// Function and event.
    pub schedule: String,
    /// Its expression.
    pub expression: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Refuses a schedule that could never be due.
pub(crate) fn check(schedule: &Schedule) -> Result<(), ScheduleError> {
    due(schedule).map(drop)
}

/// When a schedule that fired at `last` fires again; `None` if it never does.
pub(crate) fn next(schedule: &Schedule, last: Moment, now: Moment) -> Option<Moment> {
    due(schedule).ok()?.next_within(bounds(schedule), Some(last), now)
}

/// The moments between which a schedule fires.
fn bounds(schedule: &Schedule) -> (Option<Moment>, Option<Moment>) {
    let moment = |bound: Option<Timestamp>| bound.map(Timestamp::as_millisecond);
    (moment(schedule.start), moment(schedule.end))
}

fn due(schedule: &Schedule) -> Result<Due, ScheduleError> {
    let zone = TimeZone::get(&schedule.time_zone).map_err(|error| error.to_string());
    zone.and_then(|zone| Due::read(&schedule.expression, &zone)).map_err(|reason| ScheduleError {
        schedule: schedule.name.clone(),
        expression: schedule.expression.clone(),
        reason,
    })
}

/// The schedules of a run.
pub(crate) struct Scheduler {
    timers: Vec<Timer>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    asynchronous: Arc<Asynchronous>,
}

/// One schedule and the function it invokes.
struct Timer {
    schedule: Schedule,
    due: Due,
    function: Arc<dyn Invoke>,
    retries: AsynchronousRetries,
}

impl Scheduler {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
        asynchronous: Arc<Asynchronous>,
    ) -> Self {
        Self { timers: Vec::new(), clock, observer, asynchronous }
    }

    pub(crate) fn add(
        &mut self,
        schedule: Schedule,
        function: Arc<dyn Invoke>,
        retries: AsynchronousRetries,
    ) -> Result<(), ScheduleError> {
        let due = due(&schedule)?;
        self.timers.push(Timer { schedule, due, function, retries });
        Ok(())
    }

    /// Fires every schedule when it is due, until this is dropped. It ends if none will be due any more.
    pub(crate) async fn run(&self) {
        join_all(self.timers.iter().map(|timer| self.fire(timer))).await;
    }

    async fn fire(&self, timer: &Timer) {
        let Timer { schedule, due, function, retries } = timer;
        let (mut last, bounds) = (None, bounds(schedule));
        while let Some(at) = due.next_within(bounds, last, self.clock.now()) {
            self.clock.sleep_until(at).await;
            let (schedule_name, function_name) = (schedule.name.as_str().into(), function.name().into());
            self.observer.on(Event::Fired { schedule: schedule_name, function: function_name, at });
            let event = event::event(schedule, at, Uuid::new_v4());
            self.asynchronous.send(Arc::clone(function), *retries, event);
            last = Some(at);
        }
        if last.is_none() {
            let Schedule { name, expression, .. } = schedule;
            let over = if due.next_within((bounds.0, None), None, self.clock.now()).is_some() {
                "ends before it is due"
            } else {
                "has passed"
            };
            let message = format!("schedule {name} is {expression:?}, which {over}, so it never fires");
            self.observer.on(Event::Warning { message });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::clock::{Moment, SystemClock};
    use crate::aws::lambda::{Invocation, InvocationError};
    use bytes::Bytes;
    use futures::future::BoxFuture;
    use jiff::SignedDuration;
    use std::sync::Mutex;
    use std::time::Duration;
    use template::ScheduleService;

    /// Answers with one text, and keeps what it was invoked with.
    struct Script(&'static str, Mutex<Vec<Bytes>>);

    impl Invoke for Script {
        fn name(&self) -> &'static str {
            "F"
        }

        fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Bytes, InvocationError>> {
            self.1.lock().unwrap().push(invocation.event);
            Box::pin(async { Ok(Bytes::from_static(self.0.as_bytes())) })
        }
    }

    #[derive(Default)]
    struct Events(Mutex<Vec<Event>>);

    impl Observer for Events {
        fn on(&self, event: Event) {
            self.0.lock().unwrap().push(event);
        }
    }

    impl Events {
        fn fired(&self) -> Vec<Moment> {
            let at = |event: &Event| if let Event::Fired { at, .. } = event { Some(*at) } else { None };
            self.0.lock().unwrap().iter().filter_map(at).collect()
        }
    }

    /// Runs one schedule for a time: what happened, and what its function was invoked with.
    async fn run(expression: &str, answer: &'static str, time: Duration) -> (Arc<Events>, Vec<Bytes>) {
        run_within((None, None), expression, answer, time).await
    }

    /// The same, between two moments.
    async fn run_within(
        (start, end): (Option<Timestamp>, Option<Timestamp>),
        expression: &str,
        answer: &'static str,
        time: Duration,
    ) -> (Arc<Events>, Vec<Bytes>) {
        let events = Arc::new(Events::default());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let asynchronous = Arc::new(Asynchronous::new(Arc::clone(&clock), Arc::clone(&events) as _));
        let mut scheduler = Scheduler::new(clock, Arc::clone(&events) as _, asynchronous);
        let script = Arc::new(Script(answer, Mutex::default()));
        let schedule = Schedule {
            name: "F/S".to_owned(),
            function: "F".to_owned(),
            service: ScheduleService::Scheduler,
            expression: expression.to_owned(),
            time_zone: "UTC".to_owned(),
            input: Some("{}".to_owned()),
            start,
            end,
            enabled: true,
        };
        scheduler.add(schedule, Arc::clone(&script) as _, AsynchronousRetries::default()).unwrap();
        let _ = tokio::time::timeout(time, scheduler.run()).await;
        tokio::task::yield_now().await;
        let invoked = script.1.lock().unwrap().clone();
        (events, invoked)
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_is_invoked_once_a_tick_whatever_it_answers() {
        for answer in ["null", "\"ok\"", "3", r#"{"done":false}"#, r#"{"read":"x"}"#, "no json"] {
            let (events, invoked) = run("rate(1 minute)", answer, Duration::from_secs(150)).await;
            assert_eq!(invoked.len(), 3, "{answer}");
            let fired = events.fired();
            assert_eq!((fired.len(), fired[2] - fired[0]), (3, 120_000), "{answer}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cron_schedule_fires_on_the_full_minute() {
        let (events, invoked) = run("cron(* * * * ? *)", "null", Duration::from_secs(121)).await;
        assert!((2..=3).contains(&invoked.len()));
        assert!(events.fired().iter().all(|at| at % 60_000 == 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_schedule_fires_from_its_start_to_its_end_and_says_where_that_is_never() {
        let in_seconds = |seconds| Some(Timestamp::now() + SignedDuration::from_secs(seconds));
        let hour = Duration::from_hours(1);
        let (_, invoked) =
            run_within((in_seconds(600), in_seconds(730)), "rate(1 minute)", "null", hour).await;
        assert_eq!(invoked.len(), 3);
        let (events, invoked) = run_within((None, in_seconds(-5)), "rate(1 minute)", "null", hour).await;
        assert_eq!(invoked.len(), 0);
        assert!(
            matches!(events.0.lock().unwrap().as_slice(), [Event::Warning { message }] if message.contains("ends before"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_that_is_past_is_told_and_never_fires() {
        let (events, invoked) = run("at(2020-01-01T00:00:00)", "null", Duration::from_hours(1)).await;
        assert_eq!(invoked.len(), 0);
        assert!(
            matches!(events.0.lock().unwrap().as_slice(), [Event::Warning { message }] if message.contains("has passed"))
        );
    }
}
