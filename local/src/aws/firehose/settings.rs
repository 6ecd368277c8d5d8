//! The settings of a delivery stream in the template, in the form that the state machine needs.

use std::sync::Arc;

use jiff::tz::TimeZone;
use template::{ACCOUNT, Backup, Compression, DeliveryStream, Processing, REGION};

use super::naming::{Naming, zone};
use super::prefix::{Prefix, PrefixError};
use super::search::SearchRules;
use crate::aws::clock::{Moment, milliseconds};
use crate::aws::event::Name;
use crate::aws::stream::source::PageLimit;

/// What may wait in addition to a full buffer of each bucket before a delivery stream stops reading. A batch
/// in a transform takes about eight times as much, since its event and its answer are base64 with an id for
/// each record.
const SLACK_BYTES: usize = 24 << 20;

/// Captured from AWS: a backup buffers for at least a minute.
const MIN_BACKUP_INTERVAL_MS: Moment = 60_000;
/// The limits of one read. Like the service, a delivery stream reads up to 10,000 records at once.
const PAGE: PageLimit = PageLimit { records: 10_000, bytes: 2 << 20 };

/// All settings of a delivery stream.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) name: Name,
    pub(super) stream: Name,
    pub(super) arn: String,
    pub(super) stream_arn: String,
    pub(super) processing: Option<ProcessingRules>,
    pub(super) dynamic_partitioning: bool,
    pub(super) main: Outlet,
    /// Where every record goes unchanged, if `S3BackupMode` is on.
    pub(super) backup: Option<Outlet>,
    /// The index that documents go to; the outlet then takes what failed.
    pub(super) search: Option<SearchRules>,
    /// What may wait beside a full buffer of each bucket before reading stops.
    pub(super) slack_bytes: usize,
    pub(super) page: PageLimit,
}

/// The settings of the transform.
#[derive(Debug)]
pub(super) struct ProcessingRules {
    pub(super) lambda_arn: Arc<str>,
    pub(super) buffer_bytes: usize,
    pub(super) interval_ms: Moment,
    pub(super) retries: u32,
}

/// One bucket, and how its objects are made.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) naming: Naming,
    pub(super) buffer: BufferRules,
    pub(super) compression: Compression,
}

/// When an object is written.
#[derive(Debug, Clone)]
pub(super) struct BufferRules {
    pub(super) bytes: usize,
    pub(super) interval_ms: Moment,
    /// Between two records.
    pub(super) delimiter: Option<Arc<[u8]>>,
}

impl Rules {
    pub(super) fn of(settings: &DeliveryStream) -> Result<Self, PrefixError> {
        let DeliveryStream { name, stream, .. } = settings;
        Ok(Self {
            arn: format!("arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{name}"),
            stream_arn: format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"),
            processing: settings.processing.as_ref().map(ProcessingRules::of),
            dynamic_partitioning: settings.dynamic_partitioning,
            main: Outlet::main(settings)?,
            backup: settings.backup.as_ref().map(|backup| Outlet::backup(name, backup)).transpose()?,
            search: settings.search.as_ref().map(SearchRules::of),
            name: name.as_str().into(),
            stream: stream.as_str().into(),
            slack_bytes: SLACK_BYTES,
            page: PAGE,
        })
    }
}

impl Outlet {
    fn main(settings: &DeliveryStream) -> Result<Self, PrefixError> {
        Ok(Self {
            naming: Naming {
                delivery: settings.name.clone(),
                objects: Prefix::of_objects(&settings.prefix)?,
                errors: Prefix::of_errors(&settings.error_prefix, &settings.prefix)?,
                zone: zone(&settings.time_zone)?,
                extension: extension(&settings.file_extension, settings.compression),
            },
            buffer: BufferRules {
                bytes: settings.buffer_bytes,
                interval_ms: milliseconds(settings.buffer_interval),
                delimiter: settings.record_delimiter.as_ref().map(|delimiter| delimiter.as_bytes().into()),
            },
            compression: settings.compression,
        })
    }

    /// The backup has its own prefix, buffer and compression, and gets every record unchanged:
    /// <https://docs.aws.amazon.com/firehose/latest/dev/create-backup.html>.
    fn backup(delivery: &str, backup: &Backup) -> Result<Self, PrefixError> {
        Ok(Self {
            naming: Naming {
                delivery: delivery.to_owned(),
                objects: Prefix::of_objects(&backup.prefix)?,
                errors: Prefix::none(),
                zone: TimeZone::UTC,
                extension: extension("", backup.compression),
            },
            buffer: BufferRules {
                bytes: backup.buffer_bytes,
                interval_ms: milliseconds(backup.buffer_interval).max(MIN_BACKUP_INTERVAL_MS),
                delimiter: None,
            },
            compression: backup.compression,
        })
    }
}

/// The ending of an object's name: its own extension, or that of its compression. Hadoop's blocks have that
/// of Snappy, as captured from AWS, although the documentation says `.hsnappy`.
fn extension(own: &str, compression: Compression) -> String {
    let extension = match compression {
        _ if !own.is_empty() => own,
        Compression::None => "",
        Compression::Gzip => ".gz",
        Compression::Zip => ".zip",
        Compression::Snappy | Compression::HadoopSnappy => ".snappy",
    };
    extension.to_owned()
}

impl ProcessingRules {
    fn of(processing: &Processing) -> Self {
        let lambda_arn =
            format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}:$LATEST", processing.function);
        Self {
            lambda_arn: lambda_arn.into(),
            buffer_bytes: processing.buffer_bytes,
            interval_ms: milliseconds(processing.buffer_interval),
            retries: processing.retries,
        }
    }
}
