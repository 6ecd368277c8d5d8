//! Checks a payload against the schema of its stream.

use bytes::Bytes;
use edge::aws::kinesis_reader::ReadRecord;
use edge::read_stream::{Opened, Opener, Origin};
use serde_json::{Value, json};

use crate::aws::clock::now_ms;
use crate::page::scene::Scene;

/// Whether the functions that read a stream would accept a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Check {
    Ok,
    /// The schema leaves the record out on purpose.
    Dropped,
    Refused {
        kind: String,
        field: Option<String>,
        message: String,
    },
}

impl Check {
    /// Returns the first thing that is wrong with a payload, or `None` if the stream has no schema.
    pub(super) fn of(scene: &Scene, stream: &str, payload: &Bytes) -> Option<Self> {
        let schema = scene.schema(stream)?.clone();
        let record = ReadRecord {
            sequence_number: "0".to_owned(),
            partition_key: "key".to_owned(),
            data: payload.clone(),
            arrived_at_ms: now_ms(),
        };
        let mut check = Self::Ok;
        let origin = Origin { stream, shard: "shardId-000000000000" };
        Opener::new(Some(schema)).open(&record, origin, &mut |opened| {
            if check.is_ok() {
                match opened {
                    Opened::Row(_) | Opened::Piece(_) => {}
                    Opened::Dropped(_) => check = Self::Dropped,
                    Opened::Refused(refused) => {
                        check = Self::Refused {
                            kind: refused.kind.into_owned(),
                            field: refused.field,
                            message: refused.message,
                        };
                    }
                }
            }
        });
        Some(check)
    }

    /// Whether the payload is accepted, or left out on purpose.
    pub(super) fn is_ok(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::Ok => json!({ "ok": true }),
            Self::Dropped => json!({ "ok": true, "dropped": true }),
            Self::Refused { kind, field, message } => {
                json!({ "ok": false, "kind": kind, "field": field, "message": message })
            }
        }
    }
}
