//! What the producer is told by its environment.

use std::time::Duration;

use edge::aws::{AwsSettings, Secrets};
use edge::put_records::EngineSettings;
use edge::settings::Settings;

/// Everything the environment decides. Names and defaults are the README's table.
#[derive(Debug, Clone)]
pub struct ProducerSettings {
    /// `STREAM_NAME`: the stream to put to.
    pub stream: String,
    /// `OUTPUT_BUCKET`: quarantine and cursors.
    pub bucket: String,
    /// `DEADLINE_MARGIN_MS`: with less than this left nothing is on its way, and the cursor is saved.
    pub deadline_margin: Duration,
    /// `PUT_PATIENCE_MS`: how long one record is tried, over all runs, before it goes to quarantine.
    pub patience: Duration,
    /// `REQUESTS_IN_FLIGHT`: requests on their way at once.
    pub requests_in_flight: usize,
    /// `MAX_RECORD_BYTES`: most bytes of a record with its key; unset, what the stream says.
    pub max_record_bytes: Option<usize>,
    /// Where secrets of sources are asked for.
    pub secrets: Secrets,
    /// Region, credentials and endpoints.
    pub aws: AwsSettings,
}

impl ProducerSettings {
    /// Reads every variable; what is wrong with them is told by [`Settings::finish`].
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
