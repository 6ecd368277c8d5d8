//! How a try ends: its records are acknowledged, tried again, split in two, or given up.

use std::mem;

use super::super::action::{Action, GivenUp, Response};
use super::super::input::{Answer, Outcome};
use super::super::retry::{self, Next};
use super::super::window::{Ending, MAX_STATE_BYTES};
use super::{Doing, Lane, LaneRecord, LastCall, Part};
use crate::aws::clock::Moment;
use crate::aws::event::Condition;

impl<R: LaneRecord> Lane<R> {
    pub(super) fn answered(&mut self, now: Moment, answer: Answer, actions: &mut Vec<Action<R>>) {
        if self.doing != Doing::Invoked {
            return;
        }
        self.doing = Doing::Nothing;
        if self.last_call.is_some() {
            match answer.outcome {
                Outcome::Done => self.end_window(),
                Outcome::FailedFrom(_) => self.last_call_failed(now, Response::Reported, actions),
                Outcome::Failed => self.last_call_failed(now, Response::Error, actions),
            }
            return;
        }
        if let (Some(window), Some(state)) = (&mut self.window, answer.state) {
            // The state of a partial answer is kept as well: it counts the accepted records, which are not
            // delivered again.
            window.state = state;
            if window.state.len() > MAX_STATE_BYTES {
                let ending = Ending::Early;
                self.last_call = Some(LastCall { ending, failures: 0, response: Response::None });
            }
        }
        match answer.outcome {
            Outcome::Done => self.acknowledge(usize::MAX, actions),
            Outcome::FailedFrom(0) => self.part_failed(now, Response::Reported, actions),
            Outcome::FailedFrom(index) => {
                self.acknowledge(index, actions);
                self.pause(now, 0);
            }
            Outcome::Failed => self.part_failed(now, Response::Error, actions),
        }
    }

    /// The invocation did not happen. It is made after the longest pause, and counts as not tried.
    pub(super) fn throttled(&mut self, now: Moment) {
        if self.doing == Doing::Invoked {
            self.pause(now, u64::MAX);
        }
    }

    /// The first `count` records of the first part are done. The rest becomes another batch, whose retries
    /// start anew.
    fn acknowledge(&mut self, count: usize, actions: &mut Vec<Action<R>>) {
        let Some(mut part) = self.parts.pop_front() else { return };
        let rest = part.records.split_off(count.min(part.records.len()));
        if !rest.is_empty() {
            self.parts.push_front(Part::of(rest));
        }
        let last = part.records.last().cloned();
        actions.push(Action::Acknowledge(part.records));
        actions.extend(last.map(Action::Checkpoint));
    }

    pub(super) fn part_failed(&mut self, now: Moment, response: Response, actions: &mut Vec<Action<R>>) {
        let Some(mut part) = self.parts.pop_front() else { return };
        part.failures += 1;
        part.response = response;
        part.is_unchanged = true;
        let (records, failures) = (part.records.len(), part.failures);
        let next = retry::next(&self.settings, records, failures);
        match next {
            Next::GiveUp(condition) => return self.give_up(part, condition, actions),
            Next::Again => self.parts.push_front(part),
            Next::Split(index) => {
                let second = part.records.split_off(index);
                self.parts.push_front(Part::of(second));
                self.parts.push_front(Part::of(part.records));
            }
        }
        actions.push(Action::Retry { records, failures });
        self.pause(now, if next == Next::Again { failures } else { 0 });
    }

    pub(super) fn last_call_failed(&mut self, now: Moment, response: Response, actions: &mut Vec<Action<R>>) {
        let window = self.window_call(self.last_call.as_ref().map(|last_call| last_call.ending));
        let Some(last_call) = &mut self.last_call else { return };
        last_call.failures += 1;
        last_call.response = response;
        let failures = last_call.failures;
        // The last call has no records that could be split or be too old.
        if let Next::GiveUp(condition) = retry::next(&self.settings, 0, failures) {
            let given_up = GivenUp { records: Vec::new(), condition, failures, response, window };
            actions.push(Action::GiveUp(given_up));
            actions.push(Action::WindowLost);
            self.end_window();
            return;
        }
        actions.push(Action::Retry { records: 0, failures });
        self.pause(now, failures);
    }

    fn pause(&mut self, now: Moment, failures: u64) {
        self.doing = Doing::Pausing(now.saturating_add(retry::pause(failures)));
    }

    fn end_window(&mut self) {
        self.last_call = None;
        self.window = None;
        if let Some(part) = self.parts.front_mut() {
            // It goes on with a state of its own.
            part.is_unchanged = false;
        }
    }

    /// Gives up the records of the first part that are past their age, which are its first ones; false if
    /// there are none.
    pub(super) fn give_up_too_old(&mut self, now: Moment, actions: &mut Vec<Action<R>>) -> bool {
        let Some(part) = self.parts.front_mut() else { return false };
        let is_young = |record: &R| now < retry::expires_at(&self.settings, record.arrived_at());
        let young = part.records.iter().position(is_young).unwrap_or(part.records.len());
        if young == 0 {
            return false;
        }
        let rest = part.records.split_off(young);
        let old = Part { records: mem::replace(&mut part.records, rest), ..part.clone() };
        part.is_unchanged = false;
        if part.records.is_empty() {
            self.parts.pop_front();
        }
        self.give_up(old, Condition::TooOld, actions);
        true
    }

    fn give_up(&mut self, part: Part<R>, condition: Condition, actions: &mut Vec<Action<R>>) {
        let Part { records, failures, response, .. } = part;
        let last = records.last().cloned();
        let window = self.window_call(None);
        actions.push(Action::GiveUp(GivenUp { records, condition, failures, response, window }));
        actions.extend(last.map(Action::Checkpoint));
    }
}
