//! One lane of a shard: it turns records into batches and batches into invocations, and each record ends
//! acknowledged or given up.
//!
//! A lane is a state machine without clock, stream or function: it is told what happened and when, and says
//! what must be done. Its driver (see [`Mapping`](super::Mapping)) carries out every action, in order, before
//! the next step. The rules are those of the Lambda Developer Guide, which are cited where they apply:
//! [batching](https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html),
//! [errors](https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html), [partial
//! answers](https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html) and
//! [windows](https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html).

mod ending;

use std::collections::VecDeque;

use super::action::{Action, Call, Response};
use super::batch;
use super::input::Input;
use super::retry;
use super::settings::LaneSettings;
use super::window::{Ending, Window, WindowCall};
use crate::aws::clock::{Moment, milliseconds};

/// What a lane needs to know about a record. Each invocation makes clones, so they should be cheap.
pub trait LaneRecord: Clone {
    /// Returns when the stream took it.
    fn arrived_at(&self) -> Moment;
    /// Returns how many bytes it takes in an event, including its comma.
    fn event_bytes(&self) -> usize;
}

/// The state of a lane. Its records end in the order in which they came, so the finished ones are always the
/// first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lane<R> {
    settings: LaneSettings,
    /// Records that were read but are in no batch yet.
    waiting: VecDeque<R>,
    /// When the batch that is being collected began.
    gathering_since: Option<Moment>,
    /// What is left of the current batch. The part that is tried next comes first.
    parts: VecDeque<Part<R>>,
    window: Option<Window>,
    /// Set when the window's last call is due, or was made and not answered yet.
    last_call: Option<LastCall>,
    doing: Doing,
    closed: bool,
    draining: bool,
}

/// Records that are tried together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Part<R> {
    records: Vec<R>,
    failures: u64,
    /// Whether exactly these records were tried before, so that the next try repeats the same request.
    is_unchanged: bool,
    response: Response,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LastCall {
    ending: Ending,
    failures: u64,
    response: Response,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
enum Doing {
    #[default]
    Nothing,
    /// The function has been invoked and has not answered.
    Invoked,
    Pausing(Moment),
    Done,
}

impl<R: LaneRecord> Lane<R> {
    /// Makes a lane without records.
    pub fn new(settings: LaneSettings) -> Self {
        Self::resume(settings, None)
    }

    /// Makes a lane that continues a window which was open when an earlier lane ended.
    pub fn resume(settings: LaneSettings, window: Option<Window>) -> Self {
        Self {
            settings,
            waiting: VecDeque::new(),
            gathering_since: None,
            parts: VecDeque::new(),
            window: window.filter(|_| settings.tumbling_window.is_some()),
            last_call: None,
            doing: Doing::Nothing,
            closed: false,
            draining: false,
        }
    }

    /// Takes in what happened at `now`, and appends what must be done, in order. The last [`Action::WakeAt`]
    /// of a step replaces that of the step before. A step without one asks for no waking.
    pub fn step(&mut self, now: Moment, input: Input<R>, actions: &mut Vec<Action<R>>) {
        match input {
            Input::Records(records) => self.waiting.extend(records),
            Input::Answered(answer) => self.answered(now, answer, actions),
            Input::Throttled => self.throttled(now),
            Input::Woke => {}
            Input::Closed => self.closed = true,
            Input::Drain => self.draining = true,
        }
        while self.go_on(now, actions) {}
    }

    /// Returns the open window, which is stored beside the checkpoint.
    pub fn window(&self) -> Option<&Window> {
        self.window.as_ref()
    }

    /// Returns the records that have come and are neither acknowledged nor given up.
    pub fn unfinished(&self) -> impl Iterator<Item = &R> {
        self.parts.iter().flat_map(|part| &part.records).chain(&self.waiting)
    }

    /// Returns the records that are in no batch yet.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &R> {
        self.waiting.iter()
    }

    /// Whether nothing is left to do: there is no record and no open window.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.parts.is_empty() && self.window.is_none()
    }

    /// Takes one more step if possible; false if something must happen first.
    fn go_on(&mut self, now: Moment, actions: &mut Vec<Action<R>>) -> bool {
        match self.doing {
            Doing::Invoked | Doing::Done => return false,
            Doing::Pausing(until) if now < until => {
                actions.push(Action::WakeAt(until));
                return false;
            }
            Doing::Pausing(_) | Doing::Nothing => self.doing = Doing::Nothing,
        }
        if self.last_call.is_some() {
            self.make_last_call(now, actions);
        } else if self.parts.is_empty() {
            return self.gather(now, actions);
        } else {
            self.try_part(now, actions);
        }
        true
    }

    /// Makes a batch of the waiting records, ends a window, or says what it waits for.
    fn gather(&mut self, now: Moment, actions: &mut Vec<Action<R>>) -> bool {
        if let Some(ending) = self.window_ends(now) {
            self.last_call = Some(LastCall { ending, failures: 0, response: Response::None });
            return true;
        }
        let Some(first) = self.waiting.front() else {
            if self.closed {
                self.doing = Doing::Done;
                actions.push(Action::Done);
            } else if let Some(window) = &self.window {
                actions.push(Action::WakeAt(window.closes_at()));
            }
            return false;
        };
        let since = *self.gathering_since.get_or_insert(now);
        let due = since.saturating_add(milliseconds(self.settings.batching_window));
        // A batch that is not full may reach its maximum age while it still waits for records.
        let due = due.min(retry::expires_at(&self.settings, first.arrived_at()));
        let (records, is_full) = batch::take(&self.settings, self.window.as_ref(), &self.waiting);
        if !is_full && now < due && !self.closed && !self.draining {
            actions.push(Action::WakeAt(due));
            return false;
        }
        self.gathering_since = None;
        self.parts.push_back(Part::of(self.waiting.drain(..records).collect()));
        true
    }

    /// Whether the open window ends before any more records are delivered.
    fn window_ends(&self, now: Moment) -> Option<Ending> {
        let window = self.window.as_ref()?;
        let is_left = match self.waiting.front() {
            Some(first) => !window.holds(first.arrived_at()),
            None => self.closed || now >= window.closes_at(),
        };
        let is_over = !self.waiting.is_empty() || now >= window.end();
        is_left.then_some(if is_over { Ending::InTime } else { Ending::Early })
    }

    /// Invokes the function with the first part, except for records past their age.
    fn try_part(&mut self, now: Moment, actions: &mut Vec<Action<R>>) {
        if self.give_up_too_old(now, actions) {
            return;
        }
        let Some(part) = self.parts.front() else { return };
        if let (Some(length), Some(first)) = (self.settings.tumbling_window, part.records.first()) {
            self.window.get_or_insert_with(|| Window::of(first.arrived_at(), length));
        }
        let call = Call {
            records: part.records.clone(),
            window: self.window_call(None),
            is_retry: part.is_unchanged,
        };
        if batch::fits(self.window.as_ref(), &part.records) {
            self.doing = Doing::Invoked;
            actions.push(Action::Invoke(call));
        } else {
            self.part_failed(now, Response::None, actions);
        }
    }

    fn make_last_call(&mut self, now: Moment, actions: &mut Vec<Action<R>>) {
        let Some(last_call) = &self.last_call else { return };
        let is_retry = last_call.failures > 0;
        let window = self.window_call(Some(last_call.ending));
        if batch::fits::<R>(self.window.as_ref(), &[]) {
            self.doing = Doing::Invoked;
            actions.push(Action::Invoke(Call { records: Vec::new(), window, is_retry }));
        } else {
            self.last_call_failed(now, Response::None, actions);
        }
    }

    fn window_call(&self, last: Option<Ending>) -> Option<WindowCall> {
        self.window.as_ref().map(|window| WindowCall { window: window.clone(), last })
    }
}

impl<R> Part<R> {
    fn of(records: Vec<R>) -> Self {
        Self { records, failures: 0, is_unchanged: false, response: Response::None }
    }
}
