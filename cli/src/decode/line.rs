//! One line of the output.

use base64_simd::STANDARD;
use record_model::{Format, UserRecord};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{DataForm, input::Record};

/// One user record, or why there is none.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) sequence_number: Option<String>,
    sub_sequence_number: Option<u64>,
    partition_key: Option<String>,
    explicit_hash_key: Option<String>,
    /// The wrappings around the data, the outermost first.
    pub(super) format: Vec<&'static str>,
    /// How often the record was put back on its stream.
    #[serde(skip_serializing_if = "is_zero")]
    hops: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Data {
    Text(String),
    Json(Box<RawValue>),
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(hops: &u8) -> bool {
    *hops == 0
}

impl Line {
    /// A line that has no data yet. Keys inside an aggregate take precedence over the record's own.
    pub(super) fn of(record: &Record, user_record: &UserRecord<'_>) -> Self {
        let is_aggregated = user_record.sub_sequence_number.is_some();
        let inner_key = user_record.partition_key.map(ToOwned::to_owned);
        Self {
            sequence_number: record.sequence_number.clone(),
            sub_sequence_number: user_record.sub_sequence_number.or(record.sub_sequence_number),
            partition_key: if is_aggregated { inner_key } else { record.partition_key.clone() },
            explicit_hash_key: user_record.explicit_hash_key.map(ToOwned::to_owned),
            format: names(user_record.formats),
            hops: user_record.hops,
            data: None,
            error: None,
        }
    }

    /// The line of a record that can't be decoded at all.
    pub(super) fn failed(record: &Record, error: String) -> Self {
        Self {
            sequence_number: record.sequence_number.clone(),
            sub_sequence_number: record.sub_sequence_number,
            partition_key: record.partition_key.clone(),
            explicit_hash_key: None,
            format: Vec::new(),
            hops: 0,
            data: None,
            error: Some(error),
        }
    }

    pub(super) fn with_data(mut self, data: &[u8], form: DataForm) -> Self {
        self.data = Some(Data::of(data, form));
        self
    }

    pub(super) fn with_error(mut self, error: String) -> Self {
        self.error = Some(error);
        self
    }
}

impl Data {
    fn of(data: &[u8], form: DataForm) -> Self {
        let text = || Self::Text(String::from_utf8_lossy(data).into_owned());
        match form {
            DataForm::Text => text(),
            DataForm::Base64 => Self::Text(STANDARD.encode_to_string(data)),
            DataForm::Json => one_line_json(data).map_or_else(text, Self::Json),
        }
    }
}

/// The value as it is written, with numbers unchanged but without line ends, which would break the output's
/// lines.
pub(crate) fn one_line_json(data: &[u8]) -> Option<Box<RawValue>> {
    let value: Box<RawValue> = serde_json::from_slice(data).ok()?;
    let one_line = value.get().replace(['\r', '\n'], " "); // between its parts: inside strings they are escaped
    RawValue::from_string(one_line).ok()
}

pub(super) fn names(formats: &[Format]) -> Vec<&'static str> {
    formats.iter().map(|format| format.as_str()).collect()
}
