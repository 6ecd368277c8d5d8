//! Decides which request goes wrong and how, and which processes are killed or frozen because of it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::faults::random::Random;

/// Longer than the function's timeout.
const OUTAGE: Duration = Duration::from_millis(3_200);

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 503, and nothing done.
    Throttled,
    /// Every request is throttled for longer than an invocation lasts.
    Outage,
    /// The connection ends, and nothing is done.
    Cut,
    /// Done, and answered with 500.
    AnswerLost,
    /// Done, and the connection ends.
    AnswerCut,
    /// Answered with 500, and done after a while.
    LandsLater(Duration),
    /// Done and answered after a while.
    Slow(Duration),
    /// The process is gone before the request is done.
    KilledBefore,
    /// The process is gone once it is done, without its answer.
    KilledAfter,
    /// The process is gone a moment after it had the answer.
    KilledAnswered(Duration),
    /// The process stands still until its time is up, and the request is done.
    Frozen,
}

/// The faults of one run, of which there is an end.
pub(crate) struct Faults {
    random: Random,
    left: usize,
    /// Of those, the ones that cost a process.
    kills_left: usize,
    outage_until: Option<Instant>,
}

impl Faults {
    pub(crate) fn new(mut random: Random) -> Self {
        let (left, kills_left) = (random.below(12) + 3, random.below(5));
        Self { random, left, kills_left, outage_until: None }
    }

    /// At the end of a run a sweep is tried three times: so it meets no more than one more of these, beside a process
    /// that was frozen before.
    pub(crate) fn spare_the_end(&mut self) {
        self.kills_left = self.kills_left.min(1);
        self.outage_until = None;
    }

    /// What goes wrong with the next request, if anything.
    pub(crate) fn next(&mut self) -> Option<Fault> {
        if self.outage_until.is_some_and(|until| Instant::now() < until) {
            return Some(Fault::Throttled);
        }
        if self.left == 0 || !self.random.one_in(4) {
            return None;
        }
        self.left -= 1;
        let fault = self.any();
        count(fault);
        if matches!(fault, Fault::Outage) {
            self.outage_until = Some(Instant::now() + OUTAGE);
        }
        Some(fault)
    }

    fn any(&mut self) -> Fault {
        if self.kills_left > 0 && self.random.one_in(2) {
            self.kills_left -= 1;
            return match self.random.below(10) {
                0 => Fault::Frozen,
                1 => Fault::Outage,
                2..=4 => Fault::KilledBefore,
                5..=7 => Fault::KilledAfter,
                _ => Fault::KilledAnswered(self.milliseconds(4)),
            };
        }
        match self.random.below(6) {
            0 => Fault::Throttled,
            1 => Fault::Cut,
            2 => Fault::AnswerLost,
            3 => Fault::AnswerCut,
            4 => Fault::Slow(self.milliseconds(150)),
            _ => Fault::LandsLater(self.milliseconds(250)),
        }
    }

    fn milliseconds(&mut self, bound: usize) -> Duration {
        Duration::from_millis(self.random.below(bound) as u64)
    }

    /// One of those there are.
    pub(crate) fn choose<T>(&mut self, mut from: Vec<T>) -> Option<T> {
        if from.is_empty() { None } else { Some(from.swap_remove(self.random.below(from.len()))) }
    }
}

/// How often each kind of fault was met, by its name.
static MET: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

fn count(fault: Fault) {
    let name = format!("{fault:?}");
    let kind = name.split('(').next().unwrap_or_default().to_owned();
    *MET.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
}

/// How often each kind of fault was met so far, by its name.
pub(crate) fn met() -> BTreeMap<String, usize> {
    MET.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The processes this one started that have the text in their environment.
pub(crate) fn processes_with(text: &str) -> Vec<u32> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = children
        .flat_map(|ids| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|id| id.parse().ok())
        .collect();
    let has_text = |id: &u32| {
        fs::read(format!("/proc/{id}/environ"))
            .is_ok_and(|environment| environment.windows(text.len()).any(|part| part == text.as_bytes()))
    };
    children.into_iter().filter(has_text).collect()
}

/// One that is gone already is none to wonder at.
pub(crate) fn signal(process: u32, signal: &str) {
    let _ = Command::new("kill").args([signal, &process.to_string()]).output();
}
