//! What a delivery stream has under way in one shard, and how far it is in it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::apart::UserRecord;
use super::checkpoint::Checkpoint;
use super::intake::Intake;
use super::transform::Transform;
use crate::aws::clock::Moment;
use crate::aws::stream::source::Place;

/// One shard. Its batches go through the transform one after the other, so that its records keep their order.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) id: Arc<str>,
    pub(super) checkpoint: Checkpoint,
    pub(super) intake: Intake,
    pub(super) batches: VecDeque<Vec<UserRecord>>,
    /// The batch that is being transformed, with the number of its invocation.
    pub(super) transform: Option<(u64, Transform)>,
    /// The place up to which everything has ended.
    reached: Place,
    /// How many stream records are between the stored place and the one reached, and how many belong to the
    /// place that is being stored.
    records: u64,
    being_kept: Option<u64>,
    /// Whether `finished` was passed, or was so from the beginning.
    is_finished: bool,
}

impl Shard {
    pub(super) fn new((id, place): (Arc<str>, Place)) -> Self {
        Self {
            id,
            checkpoint: Checkpoint::default(),
            intake: Intake::new(),
            batches: VecDeque::new(),
            transform: None,
            is_finished: place.finished,
            reached: place,
            records: 0,
            being_kept: None,
        }
    }

    /// The place to store next, if there is a new one and none is being stored.
    pub(super) fn next_place(&mut self, is_end: bool) -> Option<Place> {
        if let Some(advance) = self.checkpoint.advance() {
            self.reached.after = Some(advance.after.as_ref().to_owned());
            self.records += advance.records;
        }
        self.reached.finished = is_end && self.checkpoint.is_empty();
        let is_news = self.records > 0 || (self.reached.finished && !self.is_finished);
        if !is_news || self.being_kept.is_some() {
            return None;
        }
        self.being_kept = Some(std::mem::take(&mut self.records));
        self.is_finished = self.reached.finished;
        Some(self.reached.clone())
    }

    /// The place is stored. Returns how many stream records it is beyond the one before.
    pub(super) fn place_is_kept(&mut self) -> u64 {
        self.being_kept.take().unwrap_or(0)
    }

    pub(super) fn is_keeping_a_place(&self) -> bool {
        self.being_kept.is_some()
    }

    pub(super) fn is_transforming(&self) -> bool {
        self.transform.is_some() || !self.batches.is_empty()
    }

    /// The latest time at which something must be done here.
    pub(super) fn due(&self) -> Option<Moment> {
        let deadline = self.transform.as_ref().map(|(_, transform)| transform.deadline());
        self.intake.due().into_iter().chain(deadline).min()
    }
}
