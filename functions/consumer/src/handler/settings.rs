//! The settings that the consumer reads from its environment.

use std::num::NonZeroUsize;
use std::time::Duration;

use edge::aws::AwsSettings;
use edge::settings::Settings;

use crate::delivery::Compression;

/// Memory at which Lambda gives a function one whole processor, in MB.
const MB_PER_PROCESSOR: usize = 1769;

/// Everything that the environment decides. The README has a table of names and defaults.
#[derive(Debug, Clone)]
pub struct ConsumerSettings {
    /// `SCHEMA`: name of the data set's schema.
    pub schema: String,
    /// `OUTPUT_BUCKET`.
    pub bucket: String,
    /// `DELIVERY`, with `LEDGER_EPOCH`.
    pub delivery: DeliveryLevel,
    /// `DEADLINE_MARGIN_MS`: no record is begun with less than this left before the deadline.
    pub deadline_margin: Duration,
    /// `COMPRESSION` and `COMPRESSION_LEVEL`.
    pub compression: Compression,
    /// `ENRICHER`.
    pub enricher: Backend,
    /// `KEYWORDS`: the most keywords of a record.
    pub keywords: usize,
    /// `WORKERS`: threads that decode and enrich.
    pub workers: usize,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, which Lambda sets. It decides how much memory the records of a
    /// batch may take.
    pub memory_mb: usize,
    /// `CHUNK_MAX_AGE_S`: how long the consumer waits for an incomplete message.
    pub chunk_max_age: Duration,
    /// Region, credentials and endpoints.
    pub aws: AwsSettings,
}

/// What is promised of each record; see docs/consumer.md.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryLevel {
    /// One PUT a batch.
    Batch,
    /// Holds even if two pollers are active or an older checkpoint comes back.
    Ledger {
        /// `LEDGER_EPOCH`: a deliberate replay takes a new one.
        epoch: String,
    },
}

/// The backend that enriches texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The `text` crate, in process.
    Local,
    /// Amazon Comprehend.
    Comprehend,
}

impl ConsumerSettings {
    /// Reads every variable. [`Settings::finish`] says what is wrong with them.
    pub fn read(settings: &mut Settings) -> Self {
        let level = settings.number_in("COMPRESSION_LEVEL", 1, 1..=19);
        let compressions = [("gzip", Compression::Gzip(level)), ("zstd", Compression::Zstd(level))];
        let epoch = settings.optional("LEDGER_EPOCH").unwrap_or_else(|| "0".to_owned());
        if epoch.len() > 32 || !epoch.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            settings.reject("LEDGER_EPOCH", &epoch, "at most 32 letters and digits");
        }
        let memory_mb = settings.number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MB_PER_PROCESSOR);
        let levels = [("batch", DeliveryLevel::Batch), ("ledger", DeliveryLevel::Ledger { epoch })];
        Self {
            schema: settings.required("SCHEMA"),
            bucket: settings.required("OUTPUT_BUCKET"),
            delivery: settings.choice("DELIVERY", &levels, DeliveryLevel::Batch),
            deadline_margin: Duration::from_millis(settings.number_in(
                "DEADLINE_MARGIN_MS",
                2000,
                0..=600_000,
            )),
            compression: settings.choice("COMPRESSION", &compressions, Compression::Gzip(level)),
            enricher: Backend::read(settings),
            keywords: settings.number_in("KEYWORDS", 5, 0..=100),
            workers: workers(settings, memory_mb),
            memory_mb,
            chunk_max_age: Duration::from_secs(settings.number_in("CHUNK_MAX_AGE_S", 86_400, 1..=31_536_000)),
            aws: AwsSettings::read(settings),
        }
    }
}

impl Backend {
    fn read(settings: &mut Settings) -> Self {
        let backends = [("local", Self::Local), ("comprehend", Self::Comprehend)];
        settings.choice("ENRICHER", &backends, Self::Local)
    }
}

/// One thread for each whole processor that the function's memory buys. A fraction of a processor does not earn another
/// thread.
fn workers(settings: &mut Settings, memory_mb: usize) -> usize {
    let available = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let bought = (memory_mb / MB_PER_PROCESSOR).clamp(1, available);
    settings.number_in("WORKERS", bought, 1..=16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: [(&str, &str); 2] = [("SCHEMA", "tweets"), ("OUTPUT_BUCKET", "data")];

    fn read(variables: &[(&'static str, &'static str)]) -> (ConsumerSettings, Settings) {
        let mut settings = Settings::from_map(REQUIRED.iter().chain(variables).copied());
        (ConsumerSettings::read(&mut settings), settings)
    }

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let (settings, environment) = read(&[]);
        environment.finish().unwrap();
        assert_eq!(settings.delivery, DeliveryLevel::Batch);
        assert_eq!(settings.deadline_margin, Duration::from_secs(2));
        assert_eq!(settings.compression, Compression::Gzip(1));
    }

    #[test]
    fn a_share_of_a_processor_is_one_worker() {
        assert_eq!(read(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")]).0.workers, 1);
        assert_eq!(read(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")]).0.workers, 1);
    }

    #[test]
    fn comprehend_is_asked_only_where_the_settings_say_so() {
        assert_eq!(read(&[("ENRICHER", "comprehend")]).0.enricher, Backend::Comprehend);
        assert_eq!(read(&[]).0.enricher, Backend::Local);
    }

    #[test]
    fn an_epoch_that_could_lead_out_of_its_folder_is_refused() {
        let (_, environment) = read(&[("DELIVERY", "ledger"), ("LEDGER_EPOCH", "../x")]);
        assert!(environment.finish().unwrap_err().to_string().contains("LEDGER_EPOCH"));
    }
}
