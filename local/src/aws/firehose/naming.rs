//! The names of a delivery stream's objects.
//!
//! <https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::buffer::Place;
use super::ids::Ids;
use super::prefix::{Prefix, PrefixError, Values};
use crate::aws::clock::Moment;

/// How the objects of one bucket are named.
#[derive(Debug, Clone)]
pub(super) struct Naming {
    pub(super) delivery: String,
    pub(super) objects: Prefix,
    pub(super) errors: Prefix,
    pub(super) zone: TimeZone,
    /// The extension, including its dot.
    pub(super) extension: String,
}

/// The time zone with this name in the IANA database.
pub(super) fn zone(name: &str) -> Result<TimeZone, PrefixError> {
    TimeZone::get(name).map_err(|_| PrefixError::Zone { name: name.to_owned() })
}

impl Naming {
    /// `<prefix><delivery stream>-<version>-YYYY-MM-DD-HH-MM-SS-<random><extension>`, at the oldest record's arrival.
    pub(super) fn key(&self, place: &Place, oldest: Moment, ids: &mut Ids) -> String {
        let none = BTreeMap::new();
        let (prefix, error_output_type, partition_keys) = match place {
            Place::Partition(keys) => (&self.objects, "", keys),
            Place::Errors(kind) => (&self.errors, *kind, &none),
        };
        // Captured from AWS: a time in a key has whole seconds.
        let at =
            Timestamp::from_second(oldest.div_euclid(1_000)).unwrap_or_default().to_zoned(self.zone.clone());
        let prefix = prefix.evaluate(Values { at: &at, error_output_type, partition_keys }, ids);
        let (delivery, extension) = (&self.delivery, &self.extension);
        format!("{prefix}{delivery}-1-{}-{}{extension}", at.strftime("%Y-%m-%d-%H-%M-%S"), ids.uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_zone_moves_the_prefix_and_the_name() {
        let naming = Naming {
            delivery: "D".to_owned(),
            objects: Prefix::of_objects("p/").unwrap(),
            errors: Prefix::of_errors("e/", "p/").unwrap(),
            zone: zone("Asia/Tokyo").unwrap(),
            extension: ".gz".to_owned(),
        };
        let key = naming.key(&Place::Partition(BTreeMap::new()), 1_767_222_000_000, &mut Ids::new(1));
        let uuid = Ids::new(1).uuid();
        assert_eq!(key, format!("p/2026/01/01/08/D-1-2026-01-01-08-00-00-{uuid}.gz"));
        assert!(matches!(zone("Asia/Nowhere"), Err(PrefixError::Zone { .. })));
    }
}
