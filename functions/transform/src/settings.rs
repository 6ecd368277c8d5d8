//! The settings that the transform reads from its environment.

use crate::{Destination, Envelope};
use edge::lambda::events::ANSWER_LIMIT_BYTES;
use edge::settings::Settings;
use record_model::Iceberg;

/// The room left under Lambda's limit, since an answer over it fails the whole batch.
const ANSWER_MARGIN_BYTES: usize = 64 * 1024;
const SMALLEST_ANSWER_BYTES: usize = 64 * 1024;
/// Hive's word for "no value", which Athena and Glue understand.
const EMPTY_PARTITION_KEY: &str = "__HIVE_DEFAULT_PARTITION__";

/// The transform's settings.
#[derive(Debug, Clone)]
pub struct TransformSettings {
    /// `SCHEMA`: a built-in name, a path to a `.toml` file of the package, or `s3://bucket/key`.
    pub schema: String,
    /// `ENVELOPE`: `none`, or `log-subscription` (the default of the schema `cloudwatch_logs`).
    pub envelope: Envelope,
    /// `DESTINATION`: `s3`, `s3-partitioned`, `opensearch` or `iceberg`.
    pub destination: Destination,
    /// `ICEBERG_TABLE`: the table of the destination `iceberg`, as `database.table`. It goes before the schema's own.
    pub table: Option<Iceberg>,
    /// `EMPTY_PARTITION_KEY`: replaces a dynamic partitioning key that has no value.
    pub empty_partition_key: String,
    /// `ANSWER_LIMIT_BYTES`: the most bytes of the answer.
    pub answer_limit_bytes: usize,
    /// `REINGEST_STREAM`: the stream to which records go back when the answer is full. When unset, they fail.
    pub reingest_stream: Option<String>,
    /// `MAX_HOPS`: how often one record may go back.
    pub max_hops: u8,
    /// `FAILURES_BUCKET`: the bucket that keeps failed records with their position and reason. When unset,
    /// they are not kept.
    pub failures_bucket: Option<String>,
    /// `LOGGED_FAILURES`: how many failures of one invocation are logged one by one.
    pub logged_failures: usize,
}

impl TransformSettings {
    /// Returns the defaults for a schema.
    pub fn for_schema(schema: &str) -> Self {
        Self {
            schema: schema.to_owned(),
            envelope: Envelope::of_schema(schema),
            destination: Destination::default(),
            table: None,
            empty_partition_key: EMPTY_PARTITION_KEY.to_owned(),
            answer_limit_bytes: ANSWER_LIMIT_BYTES - ANSWER_MARGIN_BYTES,
            reingest_stream: None,
            max_hops: 3,
            failures_bucket: None,
            logged_failures: 10,
        }
    }

    /// Reads all of them. What is wrong with them is kept in `settings`.
    pub fn read(settings: &mut Settings) -> Self {
        let default = Self::for_schema(&settings.required("SCHEMA"));
        let limits = SMALLEST_ANSWER_BYTES..=ANSWER_LIMIT_BYTES;
        Self {
            envelope: settings.choice("ENVELOPE", Envelope::CHOICES, default.envelope),
            destination: settings.choice("DESTINATION", Destination::CHOICES, default.destination),
            table: table(settings),
            empty_partition_key: settings
                .optional("EMPTY_PARTITION_KEY")
                .unwrap_or(default.empty_partition_key),
            answer_limit_bytes: settings.number_in("ANSWER_LIMIT_BYTES", default.answer_limit_bytes, limits),
            reingest_stream: settings.optional("REINGEST_STREAM"),
            max_hops: settings.number_in("MAX_HOPS", default.max_hops, 1..=100),
            failures_bucket: settings.optional("FAILURES_BUCKET"),
            logged_failures: settings.number_in("LOGGED_FAILURES", default.logged_failures, 0..=1000),
            schema: default.schema,
        }
    }
}

fn table(settings: &mut Settings) -> Option<Iceberg> {
    let text = settings.optional("ICEBERG_TABLE")?;
    match text.split_once('.') {
        Some((database, table)) if !database.is_empty() && !table.is_empty() && !table.contains('.') => {
            let (database, table) = (database.to_owned(), table.to_owned());
            Some(Iceberg { database, table, operation: "insert".to_owned() })
        }
        _ => {
            settings.reject("ICEBERG_TABLE", &text, "database.table");
            None
        }
    }
}
