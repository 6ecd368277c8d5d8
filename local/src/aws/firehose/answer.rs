//! Reads what a transformation function made of each record.
//!
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html>

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;

use super::apart::UserRecord;

/// What happens to one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok { data: Bytes, partition_keys: BTreeMap<String, String> },
    Dropped,
    Failed { code: &'static str, message: &'static str },
}

/// Why an answer is unusable for all of its records, so that the whole batch failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unusable {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

const NO_ANSWER: Unusable = Unusable {
    code: "Lambda.JsonProcessingException",
    message: "the answer is not the JSON of a transformation: {\"records\": [{\"recordId\", \"result\", \"data\"}]}",
};
/// Captured from AWS: one unknown result, or one text that is not base64, fails its whole batch with this
/// code.
const NO_RESULT: Unusable = Unusable {
    code: "Lambda.FunctionError",
    message: "the answer has a record whose result is not Ok, Dropped or ProcessingFailed",
};
const NO_DATA: Unusable =
    Unusable { code: "Lambda.FunctionError", message: "the answer has a record whose data is not base64" };
const MISSING: Outcome =
    Outcome::Failed { code: "Lambda.MissingRecordId", message: "the answer has no record with this id" };
const DOUBLED: Outcome = Outcome::Failed {
    code: "Lambda.DuplicatedRecordId",
    message: "the answer has several records with this id",
};
const FAILED: Outcome = Outcome::Failed {
    code: "Lambda.ProcessingFailedStatus",
    message: "ProcessingFailed status set for record",
};

#[derive(Deserialize)]
struct Answer {
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(rename = "recordId")]
    id: String,
    result: String,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    partition_keys: BTreeMap<String, String>,
}

/// The outcome of each record that was sent, in order. Records with an id that was not sent are ignored.
pub(super) fn outcomes(answer: &[u8], sent: &[UserRecord]) -> Result<Vec<Outcome>, Unusable> {
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| NO_ANSWER)?;
    let mut by_id: HashMap<String, Outcome> = HashMap::with_capacity(answer.records.len());
    for record in answer.records {
        let answered = outcome(record.result.as_str(), record.data, record.metadata)?;
        by_id.entry(record.id).and_modify(|outcome| *outcome = DOUBLED).or_insert(answered);
    }
    Ok(sent.iter().map(|record| by_id.remove(&record.record_id()).unwrap_or(MISSING)).collect())
}

fn outcome(result: &str, data: Option<String>, metadata: Option<Metadata>) -> Result<Outcome, Unusable> {
    match result {
        "Ok" => {
            let data = data.and_then(|data| STANDARD.decode(data).ok()).ok_or(NO_DATA)?;
            let partition_keys = metadata.map(|metadata| metadata.partition_keys).unwrap_or_default();
            Ok(Outcome::Ok { data: data.into(), partition_keys })
        }
        "Dropped" => Ok(Outcome::Dropped),
        "ProcessingFailed" => Ok(FAILED),
        _ => Err(NO_RESULT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::firehose::made_up;

    #[test]
    fn each_record_gets_its_own_outcome_whatever_the_order() {
        let sent: Vec<UserRecord> = (1..=5).map(|number| made_up::user_record(number, 1)).collect();
        let answer = br#"{"records":[
            {"recordId":"4000000","result":"Ok","data":"YQ=="},{"recordId":"4000000","result":"Dropped"},
            {"recordId":"77","result":"Ok","data":"YQ=="},
            {"recordId":"3000000","result":"ProcessingFailed","data":"YQ=="},
            {"recordId":"2000000","result":"Dropped"},
            {"recordId":"1000000","result":"Ok","data":"YQ==","metadata":{"partitionKeys":{"district":"3"}}}]}"#;
        let keys = BTreeMap::from([("district".to_owned(), "3".to_owned())]);
        let first = Outcome::Ok { data: Bytes::from_static(b"a"), partition_keys: keys };
        assert_eq!(outcomes(answer, &sent), Ok(vec![first, Outcome::Dropped, FAILED, DOUBLED, MISSING]));
    }

    #[test]
    fn one_result_that_there_is_not_and_one_text_that_is_no_base64_fail_the_batch() {
        let sent = [made_up::user_record(1, 1), made_up::user_record(2, 1)];
        let beside = |odd: &str| {
            let answer =
                format!(r#"{{"records":[{{"recordId":"1000000","result":"Ok","data":"YQ=="}},{odd}]}}"#);
            outcomes(answer.as_bytes(), &sent)
        };
        assert_eq!(beside(r#"{"recordId":"2000000","result":"ok","data":"YQ=="}"#), Err(NO_RESULT));
        assert_eq!(beside(r#"{"recordId":"2000000","result":"Ok","data":"%"}"#), Err(NO_DATA));
        assert_eq!(beside(r#"{"recordId":"2000000","result":"Ok"}"#), Err(NO_DATA));
        assert_eq!(beside(r#"{"result":"Ok","data":"YQ=="}"#), Err(NO_ANSWER));
    }

    #[test]
    fn what_is_no_answer_fails_the_batch() {
        for answer in ["null", "", "{}", "[]", r#"{"records":null}"#, r#"{"errorMessage":"boom"}"#] {
            assert_eq!(
                outcomes(answer.as_bytes(), &[made_up::user_record(1, 1)]),
                Err(NO_ANSWER),
                "{answer}"
            );
        }
    }
}
