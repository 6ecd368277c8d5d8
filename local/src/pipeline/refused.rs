//! Finds out why records were put aside in this run: reads the objects of `quarantine/` and counts their
//! reasons.

use std::collections::BTreeMap;

use edge::store::ObjectStore as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use record_model::layout::QuarantineKey;
use record_model::put_aside::PutAside;

use crate::pipeline::balance::counted;
use crate::pipeline::bucket::StorageError;
use crate::pipeline::machine::Machine;
use crate::pipeline::written::new_objects;

/// How many objects are read for their reasons. Further ones are only counted.
const MAX_READ: usize = 1_000;
/// How many objects are read at once.
const AT_ONCE: usize = 16;

/// The reasons of a data set's records in quarantine with their counts, the most frequent first: ` 3 x
/// not_float of amount; 1 x not_json`. Empty if nothing was put aside in this run.
pub(crate) async fn reasons(machine: &Machine, data_set: &str) -> Result<String, StorageError> {
    let mut reasons = Reasons::default();
    for name in &machine.topology.buckets {
        let bucket = &machine.bucket(name)?;
        let objects =
            new_objects(bucket, &QuarantineKey::prefix(data_set), machine.whole_second_of_start()).await?;
        reasons.unread += objects.len().saturating_sub(MAX_READ) as u64;
        let read = stream::iter(objects.iter().take(MAX_READ)).map(|object| bucket.get(&object.key));
        let mut read = read.buffered(AT_ONCE);
        while let Some(object) = read.try_next().await? {
            reasons.count(object.as_ref().map_or(&[], |object| &object.body));
        }
    }
    Ok(reasons.told())
}

#[derive(Default)]
struct Reasons {
    counts: BTreeMap<String, u64>,
    unread: u64,
}

impl Reasons {
    /// Counts the records of one object, which has one on each line.
    fn count(&mut self, object: &[u8]) {
        for line in object.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let reason = match PutAside::read(line) {
                Ok(PutAside { reason, .. }) => match reason.field {
                    Some(field) => format!("{} of {field}", reason.kind),
                    None => reason.kind.into_owned(),
                },
                Err(_) => "a reason that can't be read".to_owned(),
            };
            *self.counts.entry(reason).or_default() += 1;
        }
    }

    fn told(&self) -> String {
        let unread = if self.unread > 0 {
            format!("; {} more were not looked into", self.unread)
        } else {
            String::new()
        };
        format!("{}{unread}", counted(&self.counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_by_their_kind_and_field_the_most_frequent_first() {
        let object = |kind: &str, field: &str| {
            format!(
                r#"{{"version":1,"position":1,"reason":{{"kind":"{kind}"{field},"message":"m"}},"payload_base64":""}}"#
            )
        };
        let mut reasons = Reasons::default();
        reasons.count(object("not_json", "").as_bytes());
        let amount = object("not_float", r#","field":"amount""#);
        reasons.count(format!("{amount}\n{amount}\n").as_bytes());
        reasons.count(b"{}");
        reasons.unread = 7;
        assert_eq!(
            reasons.told(),
            " 2 x not_float of amount; 1 x a reason that can't be read; 1 x not_json; 7 more were not looked into"
        );
    }
}
