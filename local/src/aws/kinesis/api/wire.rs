//! Bodies on the wire: JSON 1.1, and CBOR, which the Java SDK speaks unless told otherwise.
//!
//! | | JSON | CBOR |
//! |---|---|---|
//! | bytes | base64 | bytes |
//! | a time | seconds with decimals | milliseconds, under tag 1. Seconds are read too |

use std::fmt;

use base64_simd::STANDARD;
use bytes::Bytes;
use ciborium::tag::{Accepted, Required};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{ApiError, SERIALIZATION};

/// The tag of a time in CBOR (RFC 8949, 3.4.2).
const EPOCH_TAG: u64 = 1;
/// A whole number beyond this is a time in milliseconds: in seconds it would be the year 5138.
const MILLISECONDS_FROM: i128 = 100_000_000_000;
/// Values that are nested deeper than this don't occur in requests of Kinesis.
const MAX_DEPTH: usize = 32;

/// How a request and its answer are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Cbor,
}

impl Format {
    /// The format by a request's headers; `None` if it is neither.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let content = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        match content.split(';').next()?.trim() {
            "application/x-amz-json-1.1" => Some(Self::Json),
            "application/x-amz-cbor-1.1" => Some(Self::Cbor),
            _ => None,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Cbor => "application/x-amz-cbor-1.1",
        }
    }

    pub(super) fn read<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, ApiError> {
        let unread = |error: String| ApiError::new(SERIALIZATION, error);
        match self {
            // Without this check an array would be read member by member.
            Self::Json if !body.trim_ascii_start().starts_with(b"{") => {
                Err(unread("the body is not a JSON object".to_owned()))
            }
            Self::Json => serde_json::from_slice(body).map_err(|error| unread(error.to_string())),
            Self::Cbor => ciborium::de::from_reader_with_recursion_limit(body, MAX_DEPTH)
                .map_err(|error| unread(error.to_string())),
        }
    }

    pub(super) fn write(self, answer: &impl Serialize) -> Result<Vec<u8>, ApiError> {
        match self {
            Self::Json => serde_json::to_vec(answer).map_err(|error| ApiError::internal(&error)),
            Self::Cbor => {
                let mut body = Vec::new();
                ciborium::into_writer(answer, &mut body).map_err(|error| ApiError::internal(&error))?;
                Ok(body)
            }
        }
    }
}

/// The bytes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob(pub(super) Bytes);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(BlobVisitor)
        } else {
            deserializer.deserialize_byte_buf(BlobVisitor)
        }
    }
}

struct BlobVisitor;

impl Visitor<'_> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("bytes, or text in base64")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Blob, E> {
        STANDARD.decode_to_vec(text).map(|data| Blob(data.into())).map_err(E::custom)
    }

    fn visit_bytes<E: serde::de::Error>(self, data: &[u8]) -> Result<Blob, E> {
        Ok(Blob(Bytes::copy_from_slice(data)))
    }

    fn visit_byte_buf<E: serde::de::Error>(self, data: Vec<u8>) -> Result<Blob, E> {
        Ok(Blob(data.into()))
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&STANDARD.encode_to_string(&self.0))
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

/// A time in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timestamp(pub(super) u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Decimal(f64),
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return f64::deserialize(deserializer).and_then(of_seconds);
        }
        let Accepted::<Number, EPOCH_TAG>(number) = Accepted::deserialize(deserializer)?;
        match number {
            Number::Whole(whole) if i128::from(whole) >= MILLISECONDS_FROM => {
                u64::try_from(whole).map(Self).map_err(D::Error::custom)
            }
            #[expect(clippy::cast_precision_loss, reason = "below 10^11")]
            Number::Whole(whole) => of_seconds(whole as f64),
            Number::Decimal(seconds) => of_seconds(seconds),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; saturates")]
fn of_seconds<E: serde::de::Error>(seconds: f64) -> Result<Timestamp, E> {
    if seconds >= 0.0 {
        Ok(Timestamp((seconds * 1000.0).round() as u64))
    } else {
        Err(E::custom("a time before 1970"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return Required::<_, EPOCH_TAG>(self.0).serialize(serializer);
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
        let seconds = self.0 as f64 / 1000.0;
        // The next larger number is written: the Rust SDK cuts a time to milliseconds, and most have no exact
        // form in binary.
        serializer.serialize_f64(seconds.next_up())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Body {
        data: Blob,
        at: Timestamp,
    }

    proptest! {
        #[test]
        fn bytes_and_times_read_back_in_both_formats(data: Vec<u8>, ms in 100_000_000_000u64..1 << 45) {
            let body = Body { data: Blob(data.into()), at: Timestamp(ms) };
            for format in [Format::Json, Format::Cbor] {
                prop_assert_eq!(&format.read::<Body>(&format.write(&body).unwrap()).unwrap(), &body);
            }
        }

        #[test]
        fn any_body_is_read_or_refused(body: Vec<u8>) {
            for format in [Format::Json, Format::Cbor] {
                let _ = format.read::<Body>(&body);
            }
        }
    }

    #[test]
    fn a_time_in_cbor_is_milliseconds_under_tag_1_as_java_writes_it() {
        let written = Format::Cbor.write(&Timestamp(1_800_000_000_123)).unwrap();
        assert_eq!(written, [0xc1, 0x1b, 0, 0, 1, 0xa3, 0x18, 0x5c, 0x50, 0x7b]);
        let mut seconds = vec![0xc1, 0xfb];
        seconds.extend(1_800_000_000.5f64.to_be_bytes());
        assert_eq!(Format::Cbor.read::<Timestamp>(&seconds).unwrap(), Timestamp(1_800_000_000_500));
    }

    #[test]
    fn a_body_that_is_deep_or_no_object_is_refused() {
        for body in ["[".repeat(200_000), "{\"data\":".repeat(200_000), "[]".to_owned(), String::new()] {
            assert_eq!(Format::Json.read::<Body>(body.as_bytes()).unwrap_err().code, SERIALIZATION);
        }
        assert_eq!(Format::Cbor.read::<Body>(&vec![0x81; 200_000]).unwrap_err().code, SERIALIZATION);
    }
}
