//! What the environment says about the transform.

use crate::Destination;
use edge::Settings;
use edge::events::ANSWER_LIMIT_BYTES;
use edge::logging::{LEVELS, LevelFilter};

/// Left free under Lambda's limit: an answer over it fails the whole batch.
const ANSWER_MARGIN_BYTES: usize = 64 * 1024;
const SMALLEST_ANSWER_BYTES: usize = 64 * 1024;

/// The transform's settings.
#[derive(Debug, Clone)]
pub struct TransformSettings {
    /// `SCHEMA`: name of a built-in schema, or where one lies.
    pub schema: String,
    /// `DESTINATION`: `s3`, `s3-partitioned`, `opensearch` or `iceberg`.
    pub destination: Destination,
    /// `ANSWER_LIMIT_BYTES`: the answer never has more.
    pub answer_limit_bytes: usize,
    /// `LOGGED_FAILURES`: failures of one invocation that are logged one by one.
    pub logged_failures: usize,
    /// `LOG_LEVEL`.
    pub log_level: LevelFilter,
}

impl TransformSettings {
    /// Reads all of them; what is wrong is kept in `settings`.
    pub fn read(settings: &mut Settings) -> Self {
        let limit = ANSWER_LIMIT_BYTES - ANSWER_MARGIN_BYTES;
        Self {
            schema: settings.required("SCHEMA"),
            destination: settings.choice("DESTINATION", Destination::CHOICES, Destination::S3),
            answer_limit_bytes: settings.number_in(
                "ANSWER_LIMIT_BYTES",
                limit,
                SMALLEST_ANSWER_BYTES..=ANSWER_LIMIT_BYTES,
            ),
            logged_failures: settings.number_in("LOGGED_FAILURES", 10, 0..=1000),
            log_level: settings.choice("LOG_LEVEL", LEVELS, LevelFilter::INFO),
        }
    }
}
