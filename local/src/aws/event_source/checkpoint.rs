//! How far the lanes of a shard are, as it is stored: the shard's place, and in its note how far each lane is
//! beyond that.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::window::Window;
use crate::aws::clock::Moment;
use crate::aws::stream::Place;

/// A sequence number. Sequence numbers are decimal numbers of any length, so a longer one is later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Number(pub(super) Arc<str>);

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Where the lanes of a shard continue.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Checkpoint {
    /// The last record with which each lane is done; `None` if there is none yet.
    pub(super) lanes: Vec<Option<Number>>,
    /// The window that was open.
    pub(super) window: Option<Window>,
}

#[derive(Default, Serialize, Deserialize)]
struct Note {
    /// The last record of each lane, if any lane is beyond the place of the shard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lanes: Vec<Option<Number>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window: Option<NotedWindow>,
}

#[derive(Serialize, Deserialize)]
struct NotedWindow {
    start: Moment,
    state: Box<RawValue>,
}

impl Checkpoint {
    /// Reads what was stored, for this many lanes with windows of this length. If the number of lanes was
    /// another, other keys went to each lane, so their places mean nothing now. All lanes then begin at the
    /// place of the shard, before which everything is finished.
    pub(super) fn read(place: &Place, lanes: usize, window: Option<Duration>) -> Self {
        let after = place.after.as_deref().map(|after| Number(after.into()));
        let note: Note =
            place.note.as_deref().and_then(|note| serde_json::from_str(note).ok()).unwrap_or_default();
        let is_same = note.lanes.len() == lanes;
        let noted = |index: usize| note.lanes.get(index).filter(|_| is_same).cloned().flatten();
        let restored = |(window, length): (NotedWindow, Duration)| {
            Window::restored(window.start, length, window.state.get().into())
        };
        Self {
            lanes: (0..lanes).map(|index| noted(index).max(after.clone())).collect(),
            window: note.window.zip(window).map(restored),
        }
    }

    /// The place to store: the lowest of all lanes, so that no unfinished record is ever passed.
    pub(super) fn place(&self) -> Result<Place, serde_json::Error> {
        let after = self.lanes.iter().min().cloned().flatten();
        let lanes =
            if self.lanes.iter().all(|lane| *lane == after) { Vec::new() } else { self.lanes.clone() };
        let window = match &self.window {
            Some(window) => Some(NotedWindow {
                start: window.start(),
                state: RawValue::from_string(window.state().to_owned())?,
            }),
            None => None,
        };
        let is_needed = !lanes.is_empty() || window.is_some();
        let note = is_needed.then(|| serde_json::to_string(&Note { lanes, window })).transpose()?;
        Ok(Place { after: after.map(|number| number.0.to_string()), finished: false, note })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = Option<Number>> {
        proptest::option::of((0_u32..2_000).prop_map(|number| Number(number.to_string().into())))
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_is_read_again(
            lanes in proptest::collection::vec(number(), 1..10),
            window in proptest::option::of((0_i64..1_000, "[a-z\"\\\\]{0,9}"))
        ) {
            let length = Duration::from_secs(1);
            let state = |text: String| serde_json::to_string(&text).unwrap().into();
            let window = window.map(|(start, text)| Window::restored(start, length, state(text)));
            let checkpoint = Checkpoint { lanes, window };
            let place = checkpoint.place().unwrap();
            prop_assert_eq!(Checkpoint::read(&place, checkpoint.lanes.len(), Some(length)), checkpoint);
        }

        #[test]
        fn the_place_of_a_shard_is_past_no_lane(lanes in proptest::collection::vec(number(), 1..10)) {
            let place = Checkpoint { lanes: lanes.clone(), window: None }.place().unwrap();
            let after = place.after.as_deref().map(|after| Number(after.into()));
            prop_assert!(lanes.iter().all(|lane| after <= *lane));
            let others = Checkpoint::read(&place, lanes.len() + 1, None);
            prop_assert!(others.lanes.iter().all(|lane| *lane == after));
        }
    }

    #[test]
    fn a_longer_number_is_a_later_one() {
        assert!(Number("99".into()) < Number("100".into()));
    }
}
