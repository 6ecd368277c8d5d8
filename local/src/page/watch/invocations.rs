//! The newest invocations of each function, and the events and answers of the newest ones.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::event::Sender;
use crate::aws::clock::Moment;
use crate::aws::event::Name;

/// The most invocations that are kept for each function.
pub(crate) const KEPT: usize = 500;
/// The most bytes of events and answers that are kept for all functions together.
const MAX_BODY_BYTES: usize = 12 << 20;

/// One invocation.
#[derive(Debug, Clone)]
pub(crate) struct Invoked {
    pub(crate) function: Name,
    pub(crate) request_id: Name,
    pub(crate) environment: u64,
    pub(crate) started_ms: Moment,
    pub(crate) cold: bool,
    pub(crate) sender: Sender,
    /// The number of records in the event, or `None` for an event of another kind.
    pub(crate) batch: Option<usize>,
    /// The sequence numbers of the event's first and last record.
    pub(crate) range: Option<(Name, Name)>,
    pub(crate) event_bytes: usize,
    /// The event, or `None` once it had to make room for newer ones.
    pub(crate) event: Option<Bytes>,
    /// Where its lines begin in the function's log, in bytes.
    pub(crate) log_from: u64,
    /// `None` while it is still running.
    pub(crate) end: Option<End>,
}

/// How an invocation ended.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) took: Duration,
    /// The error on one line, if it failed.
    pub(crate) error: Option<String>,
    /// The answer, or `None` once it had to make room for newer ones.
    pub(crate) answer: Option<Bytes>,
    /// Where its lines end in the function's log, in bytes.
    pub(crate) log_to: u64,
}

/// Counts over all invocations of one function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) invocations: u64,
    pub(crate) errors: u64,
    pub(crate) cold: u64,
    pub(crate) at_work: u64,
}

/// A function's tally, and the numbers of those of its invocations that are kept.
#[derive(Debug, Default)]
struct Lane {
    tally: Tally,
    kept: VecDeque<u64>,
}

/// The invocations that are kept, by number.
#[derive(Debug, Default)]
pub(crate) struct Invocations {
    kept: BTreeMap<u64, Invoked>,
    lanes: BTreeMap<Name, Lane>,
    head: u64,
    /// The numbers of the invocations whose event or answer is kept, oldest first.
    with_bodies: VecDeque<u64>,
    body_bytes: usize,
}

impl Invocations {
    /// The number of the newest invocation, or 0 if there never was one.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    pub(crate) fn tally(&self, function: &str) -> Tally {
        self.lanes.get(function).map(|lane| lane.tally).unwrap_or_default()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Invoked> {
        self.kept.get(&number)
    }

    /// The kept invocations of a function with a higher number than `after`, oldest first.
    pub(crate) fn of(&self, function: &str, after: u64) -> impl Iterator<Item = (u64, &Invoked)> {
        let numbers = self.lanes.get(function).map(|lane| lane.kept.iter().copied());
        let numbers = numbers.into_iter().flatten().filter(move |number| *number > after);
        numbers.filter_map(move |number| Some((number, self.kept.get(&number)?)))
    }

    /// All kept invocations of all functions, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u64, &Invoked)> {
        self.kept.iter().map(|(number, invoked)| (*number, invoked))
    }

    /// The number of a function's invocations that are kept.
    pub(crate) fn kept_of(&self, function: &str) -> usize {
        self.lanes.get(function).map_or(0, |lane| lane.kept.len())
    }

    /// The newest invocation with this request id.
    pub(crate) fn of_request(&self, function: &str, request_id: &str) -> Option<(u64, &Invoked)> {
        let lane = self.lanes.get(function)?;
        let mut newest = lane.kept.iter().rev().filter_map(|number| Some((*number, self.kept.get(number)?)));
        newest.find(|(_, invoked)| &*invoked.request_id == request_id)
    }

    pub(super) fn started(&mut self, invoked: Invoked) {
        self.head += 1;
        let number = self.head;
        let lane = self.lanes.entry(Arc::clone(&invoked.function)).or_default();
        lane.tally.invocations += 1;
        lane.tally.at_work += 1;
        lane.tally.cold += u64::from(invoked.cold);
        lane.kept.push_back(number);
        let gone = if lane.kept.len() > KEPT { lane.kept.pop_front() } else { None };
        self.body_bytes += invoked.event.as_ref().map_or(0, Bytes::len);
        self.with_bodies.push_back(number);
        self.kept.insert(number, invoked);
        if let Some(gone) = gone {
            self.forget(gone);
        }
        self.make_room();
    }

    /// Notes how the running invocation with this request id ended.
    pub(super) fn ended(&mut self, function: &str, request_id: &str, end: End) {
        let Some(lane) = self.lanes.get_mut(function) else { return };
        lane.tally.at_work = lane.tally.at_work.saturating_sub(1);
        lane.tally.errors += u64::from(end.error.is_some());
        for number in lane.kept.iter().rev() {
            let Some(invoked) = self.kept.get_mut(number) else { continue };
            if &*invoked.request_id == request_id && invoked.end.is_none() {
                // If the event had to be dropped for room, the answer is not kept either.
                let answer = end.answer.clone().filter(|_| invoked.event.is_some());
                self.body_bytes += answer.as_ref().map_or(0, Bytes::len);
                invoked.end = Some(End { answer, ..end });
                break;
            }
        }
        self.make_room();
    }

    fn forget(&mut self, number: u64) {
        if let Ok(index) = self.with_bodies.binary_search(&number) {
            self.with_bodies.remove(index);
        }
        if let Some(gone) = self.kept.remove(&number) {
            self.body_bytes -= bodies(&gone);
        }
    }

    /// Drops the oldest events and answers until the rest fits.
    fn make_room(&mut self) {
        while self.body_bytes > MAX_BODY_BYTES {
            let Some(oldest) = self.with_bodies.pop_front() else { return };
            let Some(invoked) = self.kept.get_mut(&oldest) else { continue };
            self.body_bytes -= bodies(invoked);
            invoked.event = None;
            if let Some(end) = &mut invoked.end {
                end.answer = None;
            }
        }
    }
}

fn bodies(invoked: &Invoked) -> usize {
    let answer = invoked.end.as_ref().and_then(|end| end.answer.as_ref());
    invoked.event.as_ref().map_or(0, Bytes::len) + answer.map_or(0, Bytes::len)
}

#[cfg(test)]
mod tests {
    use super::super::event::{of_event, range_of};
    use super::*;

    fn invoked(function: &str, request_id: &str, event: Bytes) -> Invoked {
        let (sender, batch) = of_event(&event);
        Invoked {
            function: function.into(),
            request_id: request_id.into(),
            environment: 1,
            started_ms: 0,
            cold: false,
            sender,
            batch,
            range: range_of(&event),
            event_bytes: event.len(),
            event: Some(event),
            log_from: 0,
            end: None,
        }
    }

    fn end(answer: Bytes) -> End {
        End { took: Duration::ZERO, error: None, answer: Some(answer), log_to: 0 }
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_in_bytes_and_counts_go_on() {
        let mut invocations = Invocations::default();
        let body = Bytes::from(vec![b' '; 1 << 20]);
        for number in 0..2 * KEPT {
            let id = number.to_string();
            invocations.started(invoked("F", &id, body.clone()));
            invocations.ended("F", &id, end(body.clone()));
        }
        assert_eq!(invocations.tally("F").invocations, 2 * KEPT as u64);
        assert_eq!((invocations.kept_of("F"), invocations.kept.len()), (KEPT, KEPT));
        let held: usize = invocations.kept.values().map(bodies).sum();
        assert_eq!(held, invocations.body_bytes);
        assert!(held <= MAX_BODY_BYTES && held > MAX_BODY_BYTES / 2, "{held}");
        assert!(invocations.with_bodies.len() <= KEPT);
        let newest = invocations.get(invocations.head()).unwrap();
        assert!(newest.event.is_some() && newest.end.is_some());
    }

    #[test]
    fn a_retry_has_its_requests_id_and_an_end_of_its_own() {
        let mut invocations = Invocations::default();
        for answer in ["a", "b"] {
            invocations.started(invoked("F", "r", Bytes::from_static(b"{}")));
            invocations.ended("F", "r", end(answer.into()));
        }
        let answers: Vec<_> =
            invocations.of("F", 0).map(|(_, one)| one.end.clone().unwrap().answer).collect();
        assert_eq!(answers, [Some("a".into()), Some("b".into())]);
        assert_eq!(invocations.tally("F").at_work, 0);
    }
}
