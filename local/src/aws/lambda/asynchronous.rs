//! Asynchronous invocations: nobody reads the answer, and Lambda retries what failed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::retries::{Next, Outcome, Retries};
use super::{Invocation, InvocationError, Invoke};
use crate::aws::clock::Clock;
use crate::aws::event::{Event, Observer};
use template::AsynchronousRetries;

/// Every event that was sent and has not ended.
pub(crate) struct Asynchronous {
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    sent: Mutex<JoinSet<()>>,
    /// Whether nothing is retried any more.
    finishing: watch::Sender<bool>,
}

impl Asynchronous {
    pub(crate) fn new(clock: Arc<dyn Clock>, observer: Arc<dyn Observer>) -> Self {
        Self { clock, observer, sent: Mutex::default(), finishing: watch::Sender::new(false) }
    }

    /// Takes an event for a function, and returns at once.
    pub(crate) fn send(&self, function: Arc<dyn Invoke>, limits: AsynchronousRetries, event: Bytes) {
        let delivery = Delivery {
            function,
            clock: Arc::clone(&self.clock),
            observer: Arc::clone(&self.observer),
            finishing: self.finishing.subscribe(),
        };
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        while sent.try_join_next().is_some() {}
        sent.spawn(delivery.run(limits, event));
    }

    /// Waits until the running invocations have ended, and ends those that take longer. What failed and waits
    /// for its next try has failed for good, which is reported too.
    pub(crate) async fn finish(&self, limit: Duration) {
        self.finishing.send_replace(true);
        let mut sent = std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = async { while sent.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, ended).await.is_err() {
            let message = format!("{} scheduled invocations were still at work and are ended", sent.len());
            self.observer.on(Event::Warning { message });
            sent.shutdown().await;
        }
    }
}

/// One event on its way.
struct Delivery {
    function: Arc<dyn Invoke>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    finishing: watch::Receiver<bool>,
}

impl Delivery {
    /// Every try has the same request id, as in Lambda.
    async fn run(mut self, limits: AsynchronousRetries, event: Bytes) {
        let mut retries = Retries::new(limits, self.clock.now());
        let invocation = Invocation { request_id: Uuid::new_v4().to_string(), event };
        loop {
            let result = self.function.invoke(invocation.clone()).await;
            let next = retries.after(outcome(&result), self.clock.now());
            let Err(error) = result else { return };
            match next {
                Next::Nothing => return,
                Next::GiveUp(condition) => {
                    return self.failed(format!("{error} ({})", condition.as_str()));
                }
                Next::TryAgain { at } => {
                    self.tell_first_failure(&error, &retries);
                    if !self.waited_until(at).await {
                        return self.failed(format!("{error} (the run ended before it was tried again)"));
                    }
                }
            }
        }
    }

    /// The function itself already reports why its process can't start.
    fn tell_first_failure(&self, error: &InvocationError, retries: &Retries) {
        let is_told =
            matches!(error, InvocationError::Initialisation { .. } | InvocationError::Throttled { .. });
        if retries.failed() == 1 && !is_told {
            let message =
                format!("{error}; it is retried as Lambda does, after one minute and then after two");
            self.observer.on(Event::Warning { message });
        }
    }

    /// Waits until this time; false if nothing is retried any more.
    async fn waited_until(&mut self, at: i64) -> bool {
        let moment = self.clock.sleep_until(at);
        tokio::select! {
            () = moment => true,
            _ = self.finishing.wait_for(|finishing| *finishing) => false,
        }
    }

    fn failed(&self, reason: String) {
        self.observer.on(Event::AsynchronousFailure { function: self.function.name().into(), reason });
    }
}

fn outcome(result: &Result<Bytes, InvocationError>) -> Outcome {
    match result {
        Ok(_) => Outcome::Answered,
        Err(InvocationError::Throttled { .. }) => Outcome::Throttled,
        Err(_) => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::clock::{Moment, SystemClock};
    use futures::future::BoxFuture;

    /// Fails as often as it is told, and keeps when it was invoked and by which request.
    struct Script {
        failures: usize,
        clock: Arc<SystemClock>,
        invoked: Mutex<Vec<(Moment, String)>>,
    }

    impl Script {
        fn new(failures: usize, clock: &Arc<SystemClock>) -> Arc<Self> {
            Arc::new(Self { failures, clock: Arc::clone(clock), invoked: Mutex::default() })
        }

        /// The seconds between its invocations.
        fn pauses(&self) -> Vec<i64> {
            let invoked = self.invoked.lock().unwrap();
            invoked.windows(2).map(|pair| (pair[1].0 - pair[0].0) / 1000).collect()
        }
    }

    impl Invoke for Script {
        fn name(&self) -> &'static str {
            "F"
        }

        fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Bytes, InvocationError>> {
            let mut invoked = self.invoked.lock().unwrap();
            invoked.push((self.clock.now(), invocation.request_id));
            let fails = invoked.len() <= self.failures;
            Box::pin(async move {
                if fails {
                    let (error_type, message) = ("E".to_owned(), "no".to_owned());
                    return Err(InvocationError::Error { function: "F".to_owned(), error_type, message });
                }
                // Not what anybody asked for: an answer is not read.
                Ok(Bytes::from_static(b"{\"done\":false}"))
            })
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
        fn failures(&self) -> Vec<String> {
            let reason = |event: &Event| match event {
                Event::AsynchronousFailure { reason, .. } => Some(reason.clone()),
                _ => None,
            };
            self.0.lock().unwrap().iter().filter_map(reason).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_ends_it_whatever_is_in_it() {
        let (clock, events) = (Arc::new(SystemClock::new()), Arc::new(Events::default()));
        let script = Script::new(0, &clock);
        let asynchronous = Asynchronous::new(clock, Arc::clone(&events) as _);
        asynchronous.send(Arc::clone(&script) as _, AsynchronousRetries::default(), Bytes::new());
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!(script.invoked.lock().unwrap().len(), 1);
        assert_eq!(*events.0.lock().unwrap(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_that_always_fails_is_tried_three_times_by_one_request_and_told() {
        let (clock, events) = (Arc::new(SystemClock::new()), Arc::new(Events::default()));
        let script = Script::new(9, &clock);
        let asynchronous = Asynchronous::new(clock, Arc::clone(&events) as _);
        asynchronous.send(Arc::clone(&script) as _, AsynchronousRetries::default(), Bytes::new());
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!(script.pauses(), [60, 120]);
        let invoked = script.invoked.lock().unwrap();
        assert!(invoked.iter().all(|(_, request_id)| *request_id == invoked[0].1));
        assert_eq!(events.failures(), ["function F answered E: no (RetriesExhausted)"]);
        // It was told when it first failed, too.
        assert_eq!(events.0.lock().unwrap().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn at_its_end_a_run_tells_what_it_will_not_try_again() {
        let (clock, events) = (Arc::new(SystemClock::new()), Arc::new(Events::default()));
        let script = Script::new(1, &clock);
        let asynchronous = Asynchronous::new(clock, Arc::clone(&events) as _);
        asynchronous.send(Arc::clone(&script) as _, AsynchronousRetries::default(), Bytes::new());
        tokio::time::sleep(Duration::from_secs(1)).await;
        asynchronous.finish(Duration::from_secs(9)).await;
        assert_eq!(script.invoked.lock().unwrap().len(), 1);
        assert_eq!(
            events.failures(),
            ["function F answered E: no (the run ended before it was tried again)"]
        );
    }
}
