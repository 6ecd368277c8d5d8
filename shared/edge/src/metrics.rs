//! Metrics in CloudWatch's embedded metric format: one JSON document per invocation, on standard output.
//!
//! CloudWatch takes the numbers out of the log line, so a metric costs no call. Form:
//! "Specification: Embedded metric format" of the CloudWatch user guide.

use crate::lambda::Invocation;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The namespace of every metric.
pub const NAMESPACE: &str = "kinflow";
/// CloudWatch reads no more than this many metrics from one document. Further ones are left out.
pub const MAX_METRICS: usize = 100;

/// What one invocation counted, for one function and one data set.
#[derive(Debug)]
pub struct Metrics {
    definitions: Vec<Value>,
    members: Map<String, Value>,
}

impl Metrics {
    /// Starts a document of a `kind` of function. The metrics have the dimensions `function` and `data_set`.
    /// `function` is the kind until [`invocation`](Self::invocation) gives the function's own name.
    pub fn new(kind: &str, data_set: &str) -> Self {
        let mut members = Map::new();
        members.insert("kind".to_owned(), kind.into());
        members.insert("function".to_owned(), kind.into());
        members.insert("data_set".to_owned(), data_set.into());
        Self { definitions: Vec::new(), members }
    }

    /// Adds a number of things.
    #[must_use]
    pub fn count(self, name: impl Into<Cow<'static, str>>, count: usize) -> Self {
        self.metric(name.into(), "Count", count.into())
    }

    /// Adds a number of bytes.
    #[must_use]
    pub fn bytes(self, name: &'static str, bytes: usize) -> Self {
        self.metric(name.into(), "Bytes", bytes.into())
    }

    /// Adds a time, in milliseconds with decimals.
    #[must_use]
    pub fn duration(self, name: &'static str, duration: Duration) -> Self {
        self.metric(name.into(), "Milliseconds", (duration.as_secs_f64() * 1000.0).into())
    }

    /// Adds a share of something, in percent.
    #[must_use]
    pub fn percent(self, name: &'static str, percent: f64) -> Self {
        self.metric(name.into(), "Percent", percent.into())
    }

    /// Adds a size in units of 2^20 bytes, with decimals.
    #[must_use]
    pub fn megabytes(self, name: &'static str, mib: f64) -> Self {
        self.metric(name.into(), "Megabytes", mib.into())
    }

    /// Adds what identifies this invocation: the function's name, ids, and whether the process was new. The
    /// name tells apart two stacks of one account, and two functions of one data set.
    #[must_use]
    pub fn invocation(mut self, invocation: &Invocation) -> Self {
        if let Some(name) = function_name(&invocation.function_arn) {
            self.members.insert("function".to_owned(), name.into());
        }
        self.property("request_id", invocation.request_id.as_str())
            .property("trace_id", invocation.trace_id.as_deref())
            .property("cold_start", invocation.cold_start)
    }

    /// Adds text or a flag by which the document can be found. It is not a metric.
    #[must_use]
    pub fn property(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Prints the document, dated now.
    pub fn emit(self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut line = self.document(now).to_string();
        line.push('\n');
        // The batch must not fail because its metrics can't be written.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }

    fn metric(mut self, name: Cow<'static, str>, unit: &str, value: Value) -> Self {
        if self.definitions.len() < MAX_METRICS {
            self.definitions.push(json!({ "Name": name, "Unit": unit }));
            self.members.insert(name.into_owned(), value);
        }
        self
    }

    fn document(mut self, since_epoch: Duration) -> Value {
        let directive = json!({
            "Namespace": NAMESPACE,
            "Dimensions": [["function", "data_set"]],
            "Metrics": self.definitions,
        });
        let timestamp_ms = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        let header = json!({ "Timestamp": timestamp_ms, "CloudWatchMetrics": [directive] });
        self.members.insert("_aws".to_owned(), header);
        Value::Object(self.members)
    }
}

/// The name in `arn:aws:lambda:<region>:<account>:function:<name>[:<version or alias>]`.
fn function_name(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once(":function:")?;
    name.split(':').next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn dimensions(arn: &str) -> (Value, Value) {
        let invocation = Invocation {
            body: Bytes::new(),
            request_id: "id".to_owned(),
            deadline: SystemTime::now(),
            function_arn: arn.to_owned(),
            trace_id: None,
            cold_start: false,
        };
        let document = Metrics::new("transform", "crime").invocation(&invocation).document(Duration::ZERO);
        let read = |name| document.get(name).cloned().unwrap_or_default();
        (read("function"), read("data_set"))
    }

    #[test]
    fn two_functions_of_one_data_set_have_different_dimensions() {
        let arn = |name: &str| format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
        let (one, other) = (dimensions(&arn("prod-Transform-1")), dimensions(&arn("dev-Transform-2")));
        assert_eq!(one, ("prod-Transform-1".into(), "crime".into()));
        assert_ne!(one, other);
        assert_eq!(dimensions(&arn("prod-Transform-1:live")), one);
        assert_eq!(dimensions(""), ("transform".into(), "crime".into()));
    }

    #[test]
    fn a_document_has_the_form_cloudwatch_documents() {
        let metrics = Metrics::new("transform", "crime")
            .count("records_ok", 3)
            .duration("duration", Duration::from_micros(1500))
            .property("cold_start", true);
        assert_eq!(
            metrics.document(Duration::from_secs(1_767_323_045)),
            json!({
                "_aws": {
                    "Timestamp": 1_767_323_045_000_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "kinflow",
                        "Dimensions": [["function", "data_set"]],
                        "Metrics": [
                            { "Name": "records_ok", "Unit": "Count" },
                            { "Name": "duration", "Unit": "Milliseconds" },
                        ],
                    }],
                },
                "kind": "transform",
                "function": "transform",
                "data_set": "crime",
                "records_ok": 3,
                "duration": 1.5,
                "cold_start": true,
            })
        );
    }

    #[test]
    fn a_document_names_no_more_metrics_than_cloudwatch_reads() {
        let metrics = (0..200).fold(Metrics::new("f", "d"), |metrics, n| metrics.count(format!("m{n}"), n));
        assert_eq!(metrics.definitions.len(), MAX_METRICS);
    }
}
