//! What a transformation function made of each record.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::apart::SourceRecord;

/// What becomes of one record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok { data: Vec<u8>, partition_keys: BTreeMap<String, String> },
    Dropped,
    Failed { code: &'static str, message: &'static str },
}

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

/// The outcome of each source record, in their order. Only an answer that is no JSON of the right shape is an error.
pub(super) fn outcomes(answer: &[u8], sources: &[SourceRecord]) -> Result<Vec<Outcome>, serde_json::Error> {
    let answer: Answer = serde_json::from_slice(answer)?;
    let mut by_id: HashMap<String, Vec<Record>> = HashMap::with_capacity(answer.records.len());
    for record in answer.records {
        by_id.entry(record.id.clone()).or_default().push(record);
    }
    Ok(sources.iter().map(|source| outcome(by_id.remove(&source.record_id()).unwrap_or_default())).collect())
}

fn outcome(mut answered: Vec<Record>) -> Outcome {
    let Some(record) = answered.pop() else {
        return Outcome::Failed {
            code: "Lambda.MissingRecordId",
            message: "the answer has no record of this id",
        };
    };
    if !answered.is_empty() {
        return Outcome::Failed {
            code: "Lambda.DuplicatedRecordId",
            message: "the answer has several records of this id",
        };
    }
    match record.result.as_str() {
        "Ok" => match record.data.map(|data| STANDARD.decode(data)) {
            Some(Ok(data)) => Outcome::Ok {
                data,
                partition_keys: record.metadata.map(|metadata| metadata.partition_keys).unwrap_or_default(),
            },
            _ => Outcome::Failed {
                code: "Lambda.JsonProcessingException",
                message: "the record's data is no base64",
            },
        },
        "Dropped" => Outcome::Dropped,
        "ProcessingFailed" => Outcome::Failed {
            code: "Lambda.ProcessingFailedStatus",
            message: "ProcessingFailed status set for record",
        },
        _ => Outcome::Failed {
            code: "Lambda.JsonProcessingException",
            message: "the result is none of Ok, Dropped and ProcessingFailed",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::position::Position;

    fn source(number: &str) -> SourceRecord {
        SourceRecord {
            position: Position::of_id(number),
            shard_id: "s".into(),
            sequence_number: number.into(),
            sub_sequence_number: 0,
            partition_key: "k".to_owned(),
            arrived_at_ms: 0,
            data: bytes::Bytes::from_static(b"x"),
        }
    }

    #[test]
    fn each_record_gets_its_own_outcome_whatever_the_order() {
        let sources = [source("1"), source("2"), source("3"), source("4"), source("5"), source("6")];
        let answer = br#"{"records":[
            {"recordId":"6000000","result":"Odd","data":""},
            {"recordId":"4000000","result":"Ok","data":"YQ=="},{"recordId":"4000000","result":"Ok","data":"YQ=="},
            {"recordId":"3000000","result":"ProcessingFailed","data":"YQ=="},
            {"recordId":"2000000","result":"Dropped"},
            {"recordId":"1000000","result":"Ok","data":"YQ==","metadata":{"partitionKeys":{"district":"3"}}}]}"#;
        let outcomes = outcomes(answer, &sources).unwrap();
        let keys = BTreeMap::from([("district".to_owned(), "3".to_owned())]);
        assert_eq!(outcomes[0], Outcome::Ok { data: b"a".to_vec(), partition_keys: keys });
        assert_eq!(outcomes[1], Outcome::Dropped);
        let codes: Vec<_> = outcomes[2..]
            .iter()
            .map(|outcome| if let Outcome::Failed { code, .. } = outcome { *code } else { "none" })
            .collect();
        let expected = [
            "Lambda.ProcessingFailedStatus",
            "Lambda.DuplicatedRecordId",
            "Lambda.MissingRecordId",
            "Lambda.JsonProcessingException",
        ];
        assert_eq!(codes, expected);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        assert!(outcomes(b"null", &[source("1")]).is_err());
    }
}
