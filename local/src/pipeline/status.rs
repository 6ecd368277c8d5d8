//! Reports the state of each data set several times a second while a run goes on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::aws::clock::now_ms;
use crate::aws::kinesis::store::blocking;
use crate::pipeline::input_share::{InputShare, together};
use crate::pipeline::machine::Machine;
use crate::pipeline::progress::Progress;
use crate::pipeline::source::SourceTallies;

/// The time between two looks.
const EVERY: Duration = Duration::from_millis(250);
/// The number of looks over which a rate is calculated.
const LOOKS: usize = 8;
/// The number of looks between two that read files.
const LOOKS_WITHOUT_FILES: u32 = 4;

/// The state of one data set. Numbers are totals of the run unless they say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataSetStatus {
    /// The data set's name, such as `crime`.
    pub name: String,
    /// How many records its stream took.
    pub put: u64,
    /// How many records on its stream the slowest taker has not finished.
    pub waiting: u64,
    /// How many records a second the slowest taker finished, over the last seconds.
    pub per_second: u64,
    /// For how long the oldest record that a taker has not finished is on its stream, in whole seconds; none where
    /// nothing waits.
    pub lag: Option<Duration>,
    /// How much of its inputs was read; none where it has none, or one whose end is not known.
    pub input: Option<InputShare>,
    /// The time until its schedule fires again.
    pub next_tick: Option<Duration>,
}

impl DataSetStatus {
    /// Returns how many records every taker has finished.
    pub fn done(&self) -> u64 {
        self.put.saturating_sub(self.waiting)
    }
}

/// Reports the state of the data sets whenever it has changed, until this is dropped.
pub(crate) async fn tell(machine: &Machine, tallies: &SourceTallies) {
    let mut rates: BTreeMap<String, Rate> = BTreeMap::new();
    let mut told = Vec::new();
    let mut files = OfFiles::default();
    for look in 0_u32.. {
        let mut now = machine.status(machine.clock.now());
        if look % LOOKS_WITHOUT_FILES == 0 {
            files = OfFiles::look(machine, tallies).await;
        }
        for status in &mut now {
            status.per_second = rates.entry(status.name.clone()).or_default().look(status.done());
            status.input = files.inputs.get(&status.name).copied();
            status.lag = files.lags.get(&status.name).copied().filter(|_| status.waiting > 0);
        }
        if now != told {
            machine.progress.send(Progress::Status { data_sets: now.clone() });
            told = now;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What files say of each data set; they are looked into less often.
#[derive(Debug, Default)]
struct OfFiles {
    lags: BTreeMap<String, Duration>,
    inputs: BTreeMap<String, InputShare>,
}

impl OfFiles {
    /// A file that can't be read costs what it says, and nothing else.
    async fn look(machine: &Machine, tallies: &SourceTallies) -> Self {
        let (streams, tallies) = (Arc::clone(&machine.streams), tallies.all());
        let look = move || {
            let shares =
                tallies.into_iter().filter_map(|(name, tally)| Some((name, together(&tally.files)?)));
            (streams.oldest_waiting().unwrap_or_default(), shares.collect())
        };
        let (oldest, inputs) = blocking(look).await;
        let now = u64::try_from(now_ms()).unwrap_or(0);
        let mut lags: BTreeMap<String, Duration> = BTreeMap::new();
        for ((stream, _), arrived_ms) in oldest {
            let lag = Duration::from_secs(now.saturating_sub(arrived_ms) / 1000);
            let of_set = lags.entry(machine.data_set_of(&stream)).or_default();
            *of_set = lag.max(*of_set);
        }
        Self { lags, inputs }
    }
}

/// The last totals, oldest first.
#[derive(Debug, Default)]
struct Rate(std::collections::VecDeque<u64>);

impl Rate {
    fn look(&mut self, total: u64) -> u64 {
        self.0.push_back(total);
        if self.0.len() > LOOKS {
            self.0.pop_front();
        }
        let oldest = self.0.front().copied().unwrap_or(total);
        let looks = u64::try_from(self.0.len().saturating_sub(1)).unwrap_or(1).max(1);
        let milliseconds = looks * u64::try_from(EVERY.as_millis()).unwrap_or(1);
        total.saturating_sub(oldest).saturating_mul(1000) / milliseconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_seconds() {
        let mut rate = Rate::default();
        assert_eq!(rate.look(100), 0, "one look is no rate");
        assert_eq!(rate.look(200), 400);
        for _ in 0..LOOKS {
            rate.look(200);
        }
        assert_eq!(rate.look(200), 0, "nothing happened lately");
    }
}
