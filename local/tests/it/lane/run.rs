//! A lane run to its end on made-up time: records arrive, the function answers, and everything is written down.

use std::time::Duration;

use local::event_source::{
    Action, Answer, Call, GivenUp, Input, Lane, LaneRecord, LaneSettings, Moment, Outcome,
};

/// A record of which only what a lane asks for is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(crate) number: usize,
    pub(crate) arrived_at: Moment,
    pub(crate) bytes: usize,
}

impl LaneRecord for Record {
    fn arrived_at(&self) -> Moment {
        self.arrived_at
    }

    fn event_bytes(&self) -> usize {
        self.bytes
    }
}

/// Records of 100 bytes that arrived then, numbered from 0.
pub(crate) fn records(arrivals: impl IntoIterator<Item = Moment>) -> Vec<Record> {
    let record = |(number, arrived_at)| Record { number, arrived_at, bytes: 100 };
    arrivals.into_iter().enumerate().map(record).collect()
}

/// Nothing but batches of ten.
pub(crate) fn plain() -> LaneSettings {
    LaneSettings {
        batch_size: 10,
        batching_window: Duration::ZERO,
        maximum_retry_attempts: Some(2),
        maximum_record_age: None,
        bisect_on_error: false,
        tumbling_window: None,
    }
}

/// Everything that a lane did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) settings: LaneSettings,
    pub(crate) records: Vec<Record>,
    pub(crate) actions: Vec<(Moment, Action<Record>)>,
    /// Each invocation with its answer, in order.
    pub(crate) calls: Vec<(Moment, Call<Record>, Answer)>,
    pub(crate) lane: Lane<Record>,
    pub(crate) ended_at: Moment,
}

/// How a run goes.
pub(crate) struct Scene {
    pub(crate) settings: LaneSettings,
    /// In order of their arrival.
    pub(crate) records: Vec<Record>,
    /// How long the function takes, in milliseconds.
    pub(crate) takes: Moment,
    /// When the run drains, if it does. The shard is closed once its last record has arrived.
    pub(crate) drains_at: Option<Moment>,
}

impl Scene {
    pub(crate) fn new(settings: LaneSettings, records: Vec<Record>) -> Self {
        Self { settings, records, takes: 5, drains_at: None }
    }

    /// Runs the lane until it is done.
    pub(crate) fn run(self, mut function: impl FnMut(&Call<Record>) -> Answer) -> Run {
        let lane = Lane::new(self.settings);
        let mut run = Run {
            settings: self.settings,
            records: self.records.clone(),
            actions: Vec::new(),
            calls: Vec::new(),
            lane,
            ended_at: 0,
        };
        let mut coming: Vec<(Moment, Input<Record>)> = self.inputs();
        let (mut wake, mut answer) = (None, None);
        for _ in 0..100_000 {
            let next = [coming.first().map(|coming| coming.0), wake, answer.as_ref().map(|(at, _)| *at)];
            let now = next.into_iter().flatten().min().expect("the lane waits for nothing and is not done");
            let input = if answer.as_ref().is_some_and(|(at, _)| *at == now) {
                Input::Answered(answer.take().map(|(_, answer)| answer).unwrap())
            } else if coming.first().is_some_and(|coming| coming.0 == now) {
                coming.remove(0).1
            } else {
                Input::Woke
            };
            let mut actions = Vec::new();
            run.lane.step(now, input, &mut actions);
            wake = None;
            for action in actions {
                match &action {
                    Action::WakeAt(at) => wake = Some(*at),
                    Action::Invoke(call) => {
                        let given: Answer = function(call);
                        run.calls.push((now, call.clone(), given.clone()));
                        answer = Some((now + self.takes, given));
                    }
                    _ => {}
                }
                run.actions.push((now, action));
            }
            if matches!(run.actions.last(), Some((_, Action::Done))) {
                run.ended_at = now;
                return run;
            }
        }
        panic!("the lane does not end: {run:#?}");
    }

    fn inputs(&self) -> Vec<(Moment, Input<Record>)> {
        let last = self.records.last().map_or(0, |record| record.arrived_at);
        let arrival = |record: &Record| (record.arrived_at, Input::Records(vec![record.clone()]));
        let mut inputs: Vec<_> = self.records.iter().map(arrival).collect();
        inputs.push((last, Input::Closed));
        inputs.extend(self.drains_at.map(|at| (at, Input::Drain)));
        inputs.sort_by_key(|(at, _)| *at);
        inputs
    }
}

impl Run {
    pub(crate) fn acknowledged(&self) -> Vec<usize> {
        self.numbers(|action| match action {
            Action::Acknowledge(records) => Some(records),
            _ => None,
        })
    }

    pub(crate) fn given_up_numbers(&self) -> Vec<usize> {
        self.numbers(|action| match action {
            Action::GiveUp(given_up) => Some(&given_up.records),
            _ => None,
        })
    }

    pub(crate) fn given_up(&self) -> Vec<&GivenUp<Record>> {
        let given_up = |(_, action): &'_ (Moment, Action<Record>)| matches!(action, Action::GiveUp(_));
        let all = self.actions.iter().filter(|action| given_up(action));
        all.map(|(_, action)| if let Action::GiveUp(given_up) = action { given_up } else { unreachable!() })
            .collect()
    }

    /// The batches as they were tried, by the numbers of their records.
    pub(crate) fn tries(&self) -> Vec<Vec<usize>> {
        self.calls.iter().map(|(_, call, _)| numbers(&call.records)).collect()
    }

    fn numbers(&self, of: impl Fn(&Action<Record>) -> Option<&Vec<Record>>) -> Vec<usize> {
        self.actions
            .iter()
            .filter_map(|(_, action)| of(action))
            .flat_map(|records| numbers(records))
            .collect()
    }
}

pub(crate) fn numbers(records: &[Record]) -> Vec<usize> {
    records.iter().map(|record| record.number).collect()
}

/// An answer without a state.
pub(crate) fn done(_: &Call<Record>) -> Answer {
    Outcome::Done.into()
}

/// A function that fails each batch with this record in it, and says which it was if it `reports`.
pub(crate) fn poisoned(poison: usize, reports: bool) -> impl FnMut(&Call<Record>) -> Answer {
    move |call| match call.records.iter().position(|record| record.number == poison) {
        None => Outcome::Done.into(),
        Some(index) if reports => Outcome::FailedFrom(index).into(),
        Some(_) => Outcome::Failed.into(),
    }
}
