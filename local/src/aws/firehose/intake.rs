//! The transform's buffer for one shard, which collects user records until they are a batch.

use super::apart::UserRecord;
use super::event::event_bytes;
use super::settings::ProcessingRules;
use crate::aws::clock::Moment;
use crate::aws::lambda::MAX_EVENT_BYTES;

/// The room in an event for everything but its records.
const ENVELOPE_BYTES: usize = 1 << 10;

/// Where one shard's user records wait for the transform.
///
/// A batch is passed on when it holds the bytes of `BufferSizeInMBs` (0.2 to 3 MB of data before base64) or
/// its first record has waited `BufferIntervalInSeconds` (0 to 900 s), and before its event would exceed the
/// 6 MB that Lambda accepts: <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>.
#[derive(Debug)]
pub(super) struct Intake {
    waiting: Vec<UserRecord>,
    data_bytes: usize,
    event_bytes: usize,
    due: Option<Moment>,
}

impl Intake {
    pub(super) fn new() -> Self {
        Self { waiting: Vec::new(), data_bytes: 0, event_bytes: ENVELOPE_BYTES, due: None }
    }

    /// Takes a record in, and returns a batch that is then full.
    pub(super) fn take(
        &mut self,
        now: Moment,
        record: UserRecord,
        rules: &ProcessingRules,
        batches: &mut impl Extend<Vec<UserRecord>>,
    ) {
        let more = event_bytes(&record);
        if self.event_bytes + more > MAX_EVENT_BYTES {
            batches.extend(self.hand_on());
        }
        self.event_bytes += more;
        self.data_bytes += record.data.len();
        self.waiting.push(record);
        self.due.get_or_insert(now.saturating_add(rules.interval_ms));
        if self.data_bytes >= rules.buffer_bytes {
            batches.extend(self.hand_on());
        }
    }

    /// The latest time at which the waiting records are passed on.
    pub(super) fn due(&self) -> Option<Moment> {
        self.due
    }

    /// Everything that waits, as one batch.
    pub(super) fn hand_on(&mut self) -> Option<Vec<UserRecord>> {
        let records = std::mem::take(&mut self.waiting);
        (self.data_bytes, self.event_bytes, self.due) = (0, ENVELOPE_BYTES, None);
        (!records.is_empty()).then_some(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::firehose::event::{Sender, event};
    use crate::aws::firehose::made_up;
    use proptest::prelude::*;

    const INTERVAL: Moment = 60_000;

    fn rules(buffer_bytes: usize) -> ProcessingRules {
        ProcessingRules { lambda_arn: "arn".into(), buffer_bytes, interval_ms: INTERVAL, retries: 3 }
    }

    proptest! {
        #[test]
        fn a_batch_is_handed_on_once_it_holds_its_bytes_and_never_later(
            sizes in prop::collection::vec(0_usize..3_000, 1..60),
            limit in 200_usize..8_000,
        ) {
            let (mut intake, mut batches) = (Intake::new(), Vec::new());
            for (number, size) in (0..).zip(&sizes) {
                intake.take(5, made_up::user_record(number, *size), &rules(limit), &mut batches);
            }
            for batch in &batches {
                let bytes: usize = batch.iter().map(|record| record.data.len()).sum();
                let last = batch.last().map_or(0, |record| record.data.len());
                prop_assert!(bytes >= limit, "a batch of {bytes} bytes is early");
                prop_assert!(bytes - last < limit, "a batch of {bytes} bytes is late");
            }
            batches.extend(intake.hand_on());
            let numbers: Vec<u64> = batches.iter().flatten().map(|record| record.origin.ordinal).collect();
            prop_assert_eq!(numbers, (0..sizes.len() as u64).collect::<Vec<_>>(), "every record once, in order");
        }
    }

    #[test]
    fn the_interval_begins_with_the_first_record_of_a_batch() {
        let (mut intake, mut batches) = (Intake::new(), Vec::new());
        intake.take(100, made_up::user_record(0, 1), &rules(1_000), &mut batches);
        intake.take(900, made_up::user_record(1, 1), &rules(1_000), &mut batches);
        assert_eq!(intake.due(), Some(100 + INTERVAL));
        assert_eq!(intake.hand_on().map(|batch| batch.len()), Some(2));
        assert_eq!(intake.due(), None);
        assert!(intake.hand_on().is_none(), "an empty batch is none");
    }

    #[test]
    fn no_event_of_several_records_is_over_the_six_megabytes_lambda_takes() {
        let (mut intake, mut batches) = (Intake::new(), Vec::new());
        let mut record = made_up::user_record(0, 700);
        record.partition_key = "\u{1}".repeat(256);
        for _ in 0..6_000 {
            intake.take(0, record.clone(), &rules(usize::MAX), &mut batches);
        }
        assert!(batches.len() > 1);
        let sender = Sender { delivery_arn: "d", stream_arn: "s" };
        for batch in batches {
            let bytes = event(&batch, "00000000-0000-0000-0000-000000000000", &sender).unwrap().len();
            assert!(bytes <= MAX_EVENT_BYTES, "{bytes}");
            assert!(bytes > MAX_EVENT_BYTES / 2, "{bytes}");
        }
    }
}
