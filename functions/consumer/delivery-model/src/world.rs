//! Pollers, attempts and the bucket as one state machine: every order of their steps is a path.

use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Model, Property};

use super::poller::Poller;
use super::records::Records;
use super::s3::{Reply, Request, S3};

/// What one invocation does, as a machine that sends one request at a time.
pub(crate) trait Protocol {
    type Phase: Clone + Debug + PartialEq + Eq + Hash + Send + Sync;

    fn begin(&self, batch: Records) -> Self::Phase;

    /// What an invocation does with a batch that was given up.
    fn begin_redrive(&self, batch: Records) -> Self::Phase {
        self.begin(batch)
    }

    /// Whether the next step looks at the bucket or leaves a choice.
    fn looks_or_chooses(&self, phase: &Self::Phase) -> bool;

    /// Every way on from a phase that waits for nothing: reads happen here, writes are sent.
    fn steps(&self, attempt: usize, phase: &Self::Phase, s3: &S3) -> Vec<(Self::Phase, Option<Request>)>;

    fn on_reply(&self, phase: &Self::Phase, reply: Reply) -> Self::Phase;

    /// The number of the first record reported as failed, once there is an answer; 8: none failed.
    fn answer(&self, phase: &Self::Phase) -> Option<u32>;
}

/// What may go wrong, and how much of it, so that the search ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) records: u32,
    pub(crate) attempts: usize,
    /// What each poller reads: the whole shard, or its lane under a parallelization factor.
    pub(crate) lanes: &'static [Records],
    /// Tries of a batch before it is given up; `None`: for ever.
    pub(crate) tries: Option<u64>,
    /// A batch of several records that failed is cut in two.
    pub(crate) bisect: bool,
    /// What was given up is invoked again, later.
    pub(crate) redrive: bool,
    /// An attempt may go on after its poller has stopped waiting for it.
    pub(crate) outlives_its_poller: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt<P> {
    /// `None`: the process is gone, or nobody waits for its answer.
    phase: Option<P>,
    on_the_wire: Option<Request>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World<P> {
    pub(crate) s3: S3,
    pub(crate) pollers: Vec<Poller>,
    attempts: Vec<Attempt<P>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// The poller reads its next records, which are a batch, and invokes the function.
    Read {
        poller: usize,
        count: u32,
    },
    Invoke {
        poller: usize,
    },
    /// One of the batches that were given up is invoked again.
    Redrive {
        poller: usize,
        batch: usize,
    },
    /// The invocation goes on; where there are several ways, by this one.
    Step {
        attempt: usize,
        way: usize,
    },
    /// What is on the wire reaches S3.
    Land {
        attempt: usize,
    },
    /// The poller gets the answer.
    Answer {
        poller: usize,
    },
    /// A crash or time-out: the poller sees a failure, the process is gone, its request may still land.
    Crash {
        poller: usize,
    },
    /// The poller loses the answer, or stops waiting for it, and the invocation goes on.
    Abandon {
        poller: usize,
    },
}

pub(crate) const LOST: &str = "every acknowledged record is in enriched or quarantine";
pub(crate) const TWICE: &str = "no record is in S3 twice while nothing waits for a redrive";
pub(crate) const TWICE_BESIDE_GIVEN_UP: &str = "no acknowledged record is in S3 twice";
pub(crate) const FINISHED: &str = "every record can be acknowledged";

pub(crate) struct Checked<P> {
    pub(crate) protocol: P,
    pub(crate) bounds: Bounds,
}

impl<P> World<P> {
    pub(crate) fn acknowledged(&self) -> Records {
        self.pollers.iter().fold(Records::NONE, |all, poller| all.or(poller.acknowledged))
    }

    pub(crate) fn given_up(&self) -> Records {
        self.pollers.iter().fold(Records::NONE, |all, poller| all.or(poller.given_up()))
    }
}

impl<P> Model for Checked<P>
where
    P: Protocol + Send + Sync + 'static,
{
    type State = World<P::Phase>;
    type Action = Action;

    fn init_states(&self) -> Vec<Self::State> {
        let pollers = vec![Poller::new(&self.bounds); self.bounds.lanes.len()];
        vec![World { s3: S3::default(), pollers, attempts: Vec::new() }]
    }

    fn actions(&self, world: &Self::State, actions: &mut Vec<Action>) {
        for poller in 0..world.pollers.len() {
            self.poller_actions(world, poller, actions);
        }
        for (attempt, state) in world.attempts.iter().enumerate() {
            if state.on_the_wire.is_some() {
                actions.push(Action::Land { attempt });
            } else if let Some(phase) = &state.phase {
                let ways = self.protocol.steps(attempt, phase, &world.s3).len();
                actions.extend((0..ways).map(|way| Action::Step { attempt, way }));
            }
        }
    }

    fn next_state(&self, world: &Self::State, action: Action) -> Option<Self::State> {
        let mut world = world.clone();
        match action {
            Action::Step { attempt, way } => self.step(&mut world, attempt, way)?,
            Action::Land { attempt } => self.land(&mut world, attempt)?,
            Action::Read { poller, .. }
            | Action::Invoke { poller }
            | Action::Redrive { poller, .. }
            | Action::Answer { poller }
            | Action::Crash { poller }
            | Action::Abandon { poller } => self.poll(&mut world, poller, action)?,
        }
        self.forget_what_nobody_awaits(&mut world);
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(LOST, |_, world: &Self::State| {
                world.acknowledged().minus(world.s3.once_and_twice().0).minus(world.given_up()).is_empty()
            }),
            Property::always(TWICE, |_, world: &Self::State| {
                world.s3.once_and_twice().1.is_empty() || !world.given_up().is_empty()
            }),
            Property::always(TWICE_BESIDE_GIVEN_UP, |_, world: &Self::State| {
                world.s3.once_and_twice().1.and(world.acknowledged()).is_empty()
            }),
            Property::sometimes(FINISHED, |model: &Self, world: &Self::State| {
                world.acknowledged() == Records::first_of_shard(model.bounds.records)
            }),
        ]
    }
}

impl<P: Protocol> Checked<P> {
    fn poller_actions(&self, world: &World<P::Phase>, poller: usize, actions: &mut Vec<Action>) {
        let state = &world.pollers[poller];
        if let Some(attempt) = state.running {
            let attempt = &world.attempts[attempt];
            if attempt.phase.as_ref().is_some_and(|phase| self.protocol.answer(phase).is_some()) {
                actions.push(Action::Answer { poller });
            }
            actions.push(Action::Crash { poller });
            if self.bounds.outlives_its_poller {
                actions.push(Action::Abandon { poller });
            }
        } else if world.attempts.len() < self.bounds.attempts {
            let unread = state.unread(self.bounds.lanes[poller]).len();
            actions.extend((1..=unread).map(|count| Action::Read { poller, count }));
            if !state.is_idle() {
                actions.push(Action::Invoke { poller });
            } else if self.bounds.redrive {
                let batches = 0..state.given_up.len();
                actions.extend(batches.map(|batch| Action::Redrive { poller, batch }));
            }
        }
    }

    fn poll(&self, world: &mut World<P::Phase>, poller: usize, action: Action) -> Option<()> {
        let state = &mut world.pollers[poller];
        match action {
            Action::Read { count, .. } => {
                state.read(state.unread(self.bounds.lanes[poller]).take(count));
                self.invoke(world, poller)?;
            }
            Action::Redrive { batch, .. } => {
                state.redrive(batch);
                self.invoke(world, poller)?;
            }
            Action::Invoke { .. } => self.invoke(world, poller)?,
            Action::Answer { .. } => {
                let phase = world.attempts[state.running?].phase.take()?;
                state.answered(self.protocol.answer(&phase)?);
            }
            Action::Crash { .. } => {
                world.attempts[state.running?].phase = None;
                state.failed();
            }
            _ => state.failed(),
        }
        Some(())
    }

    fn invoke(&self, world: &mut World<P::Phase>, poller: usize) -> Option<()> {
        let state = &mut world.pollers[poller];
        let batch = state.invoke()?;
        let begin = if state.is_redriving { P::begin_redrive } else { P::begin };
        let phase = Some(begin(&self.protocol, batch));
        state.running = Some(world.attempts.len());
        world.attempts.push(Attempt { phase, on_the_wire: None });
        Some(())
    }

    fn step(&self, world: &mut World<P::Phase>, attempt: usize, way: usize) -> Option<()> {
        let state = &mut world.attempts[attempt];
        let mut ways = self.protocol.steps(attempt, state.phase.as_ref()?, &world.s3);
        let (phase, request) = ways.swap_remove(way);
        (state.phase, state.on_the_wire) = (Some(phase), request);
        self.go_on(world, attempt);
        Some(())
    }

    /// Takes the steps that neither look at the bucket nor leave a choice. Nobody sees when they happen, and a crash
    /// before one is a crash after it whose request never lands.
    fn go_on(&self, world: &mut World<P::Phase>, attempt: usize) {
        let state = &mut world.attempts[attempt];
        while state.on_the_wire.is_none()
            && let Some(phase) = &state.phase
            && !self.protocol.looks_or_chooses(phase)
            && let Some((phase, request)) = self.protocol.steps(attempt, phase, &world.s3).pop()
        {
            (state.phase, state.on_the_wire) = (Some(phase), request);
        }
    }

    fn land(&self, world: &mut World<P::Phase>, attempt: usize) -> Option<()> {
        let state = &mut world.attempts[attempt];
        let reply = world.s3.apply(state.on_the_wire.take()?);
        state.phase = state.phase.as_ref().map(|phase| self.protocol.on_reply(phase, reply));
        self.go_on(world, attempt);
        Some(())
    }

    /// An answer that no poller waits for changes nothing: two worlds that differ in it are one.
    fn forget_what_nobody_awaits(&self, world: &mut World<P::Phase>) {
        for (attempt, state) in world.attempts.iter_mut().enumerate() {
            let awaited = world.pollers.iter().any(|poller| poller.running == Some(attempt));
            let answered = state.phase.as_ref().is_some_and(|phase| self.protocol.answer(phase).is_some());
            if answered && !awaited {
                state.phase = None;
            }
        }
    }
}
