//! The settings that the producer reads from its environment.

use std::time::Duration;

use edge::aws::{AwsSettings, Secrets};
use edge::put_records::EngineSettings;
use edge::settings::Settings;

/// Everything that the environment decides. The README has a table of names and defaults.
#[derive(Debug, Clone)]
pub struct ProducerSettings {
    /// `STREAM_NAME`: the stream to which records are put.
    pub stream: String,
    /// `OUTPUT_BUCKET`: the bucket for quarantine and cursors.
    pub bucket: String,
    /// `DEADLINE_MARGIN_MS`: once less than this is left, no request is under way, and the cursor is saved.
    pub deadline_margin: Duration,
    /// `PUT_PATIENCE_MS`: how long one record is tried, over all runs, before it goes to quarantine.
    pub patience: Duration,
    /// `REQUESTS_IN_FLIGHT`: how many requests may be under way at once.
    pub requests_in_flight: usize,
    /// `MAX_RECORD_BYTES`: the most bytes of a record with its key; if unset, the stream's own limit.
    pub max_record_bytes: Option<usize>,
    /// Where the secrets of sources are read from.
    pub secrets: Secrets,
    /// Region, credentials and endpoints.
    pub aws: AwsSettings,
}

impl ProducerSettings {
    /// Reads every variable. [`Settings::finish`] says what is wrong with them.
    pub fn read(settings: &mut Settings) -> Self {
        let defaults = EngineSettings::default();
        let patience_ms = u64::try_from(defaults.patience.as_millis()).unwrap_or(u64::MAX);
        let max_record_bytes = settings.number_in("MAX_RECORD_BYTES", 0, 0..=10 << 20);
        Self {
            stream: settings.required("STREAM_NAME"),
            bucket: settings.required("OUTPUT_BUCKET"),
            deadline_margin: Duration::from_millis(settings.number_in(
                "DEADLINE_MARGIN_MS",
                2000,
                0..=600_000,
            )),
            patience: Duration::from_millis(settings.number_in("PUT_PATIENCE_MS", patience_ms, 0..=900_000)),
            requests_in_flight: settings.number_in("REQUESTS_IN_FLIGHT", defaults.requests_in_flight, 1..=64),
            max_record_bytes: Some(max_record_bytes).filter(|bytes| *bytes > 0),
            secrets: Secrets::read(settings),
            aws: AwsSettings::read(settings),
        }
    }
}
