//! What an invocation answers.

use edge::ingest::FeedReport;
use edge::put_records::StopReason;
use record_model::Schema;
use serde::Serialize;

/// Why a run ends before its source does.
const ASKS_TO_WAIT: &str = "the source asks to wait";

/// What an invocation answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The data set.
    pub schema: String,
    /// How many records were read from the source.
    pub read: u64,
    /// How many records the stream acknowledged.
    pub put: u64,
    /// How many records were put aside.
    pub quarantined: u64,
    /// Whether the source is at its end. If not, invoke the function again.
    pub done: bool,
    /// Why it is not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many Kinesis records the stream acknowledged.
    pub kinesis_records: u64,
    /// How many Kinesis records were refused and sent again.
    pub retried: u64,
    /// The fullest shard's share, relative to an even share.
    pub skew: f64,
}

impl Answer {
    pub(crate) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    pub(crate) fn of(
        schema: &Schema,
        report: &FeedReport,
        stopped: Option<&StopReason>,
        shards: usize,
    ) -> Self {
        let early = if report.asked_to_wait { ASKS_TO_WAIT } else { "deadline" };
        let reason = stopped.map_or(early, StopReason::as_str);
        Self {
            schema: schema.name().to_owned(),
            read: report.read,
            put: report.put,
            quarantined: report.quarantined,
            done: report.done,
            reason: (!report.done).then(|| reason.to_owned()),
            kinesis_records: report.engine.accepted,
            retried: report.engine.retried,
            skew: report.engine.skew(shards),
        }
    }

    pub(crate) fn leased(schema: &Schema, owner: Option<String>) -> Self {
        let owner = owner.unwrap_or_else(|| "another invocation".to_owned());
        Self::of_nothing(schema, format!("leased by {owner}"))
    }

    /// The answer if the source asks to be left alone before its first record.
    pub(crate) fn waiting(schema: &Schema) -> Self {
        Self::of_nothing(schema, ASKS_TO_WAIT.to_owned())
    }

    fn of_nothing(schema: &Schema, reason: String) -> Self {
        Self {
            schema: schema.name().to_owned(),
            read: 0,
            put: 0,
            quarantined: 0,
            done: false,
            reason: Some(reason),
            kinesis_records: 0,
            retried: 0,
            skew: 1.0,
        }
    }
}
