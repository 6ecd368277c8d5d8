//! How far each delivery stream is: a fold of the events, told as totals.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use template::Topology;

use crate::aws::event::{Event, Name, Observer};
use crate::pipeline::progress::{Progress, ProgressSender};

/// Tells how many user records of each delivery stream have ended.
pub(crate) struct DeliveryProgress {
    /// By delivery stream.
    totals: Mutex<BTreeMap<Name, Total>>,
    progress: ProgressSender,
}

struct Total {
    data_set: String,
    records: u64,
}

impl DeliveryProgress {
    /// For the delivery streams of a template; `data_sets` has the data set of each stream.
    pub(crate) fn new(
        topology: &Topology,
        data_sets: &BTreeMap<String, String>,
        progress: ProgressSender,
    ) -> Self {
        let total =
            |stream: &String| Total { data_set: data_sets.get(stream).unwrap_or(stream).clone(), records: 0 };
        let totals = topology.deliveries.iter();
        let totals = totals.map(|delivery| (delivery.name.as_str().into(), total(&delivery.stream)));
        Self { totals: Mutex::new(totals.collect()), progress }
    }
}

impl Observer for DeliveryProgress {
    fn on(&self, event: Event) {
        let (Event::Delivered { delivery, records, .. }
        | Event::Dropped { delivery, records }
        | Event::Failed { delivery, records, .. }) = event
        else {
            return;
        };
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(total) = totals.get_mut(&delivery) else { return };
        total.records += records;
        let (data_set, delivery, records) = (total.data_set.clone(), delivery.to_string(), total.records);
        self.progress.send(Progress::Delivered { data_set, delivery, records });
    }
}
