//! Checks that every object that a delivery stream wrote in this run still exists, with its length.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use edge::store::ObjectStore as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::aws::event::{Event, Name, Observer};
use crate::pipeline::bucket::StorageError;
use crate::pipeline::machine::Machine;
use crate::pipeline::report::Report;

/// How many objects are checked at once.
const AT_ONCE: usize = 16;

/// The objects that were delivered, by delivery stream. This is a fold of the run's events, of about 150
/// bytes an object.
#[derive(Debug, Default)]
pub(crate) struct DeliveredObjects(Mutex<BTreeMap<Name, Vec<Delivered>>>);

/// One object, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Delivered {
    key: String,
    records: u64,
    bytes: u64,
}

impl Observer for DeliveredObjects {
    fn on(&self, event: Event) {
        if let Event::Delivered { delivery, key, records, bytes } = event {
            let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            objects.entry(delivery).or_default().push(Delivered { key, records, bytes });
        }
    }
}

impl DeliveredObjects {
    /// Reports the delivery streams of which an object is gone, or is not what was written.
    pub(crate) async fn look(&self, machine: &Machine, report: &mut Report) -> Result<(), StorageError> {
        let objects = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for delivery in &machine.topology.deliveries {
            let Some(objects) = objects.get(delivery.name.as_str()) else { continue };
            let bucket = &machine.bucket(&delivery.bucket)?;
            let found = stream::iter(objects).map(|object| async move {
                let head = bucket.head(&object.key).await?;
                Ok::<_, StorageError>(head.is_none_or(|head| head.size != object.bytes).then_some(object))
            });
            let gone: Vec<Option<&Delivered>> = found.buffered(AT_ONCE).try_collect().await?;
            let gone: Vec<&Delivered> = gone.into_iter().flatten().collect();
            report.problems.extend(told(&delivery.name, &gone));
        }
        Ok(())
    }
}

/// One line about all objects of a delivery stream that are gone; `None` if there are none.
fn told(delivery: &str, gone: &[&Delivered]) -> Option<String> {
    let first = gone.first()?;
    let records: u64 = gone.iter().map(|object| object.records).sum();
    Some(format!(
        "{delivery}: {} delivered objects with {records} records are gone or have changed, of which \
         the first is {}",
        gone.len(),
        first.key
    ))
}
