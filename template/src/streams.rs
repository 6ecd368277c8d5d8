//! Reads streams and buckets of a template.

use std::time::Duration;

use super::properties::Properties;
use super::stop::{Read, Stop};
use super::{Stream, StreamMode, kinds};

/// The shards of a stream that does not say how many, such as an on-demand stream when it begins.
const DEFAULT_SHARDS: i64 = 4;

pub(super) fn stream(id: &str, properties: &Properties<'_>) -> Read<Stream> {
    properties.without_effect(&kinds::STREAM);
    let mode = properties.child("StreamModeDetails")?.text("StreamMode")?;
    let mode = match mode.as_deref() {
        Some("ON_DEMAND") => StreamMode::OnDemand,
        None | Some("PROVISIONED") => StreamMode::Provisioned,
        Some(other) => {
            let problem = format!("is {other:?}, expected PROVISIONED or ON_DEMAND");
            return Err(properties.malformed("StreamModeDetails.StreamMode", &problem));
        }
    };
    let shards = properties.number("ShardCount", DEFAULT_SHARDS, (1, 10_000))?;
    let hours = properties.number("RetentionPeriodHours", 24, (24, 8_760))?.unsigned_abs();
    let kib = properties.number("MaxRecordSizeInKiB", 1_024, (1_024, 10_240))?;
    Ok(Stream {
        name: plain_name(properties.scope().physical_name(id, id)?, id)?,
        shards: u32::try_from(shards).unwrap_or(1),
        mode,
        retention: Duration::from_hours(hours),
        max_record_kib: u32::try_from(kib).unwrap_or(1_024),
    })
}

/// The name of a bucket, which is a folder here.
pub(super) fn bucket(id: &str, properties: &Properties<'_>) -> Read<String> {
    properties.without_effect(&kinds::BUCKET);
    let name = properties.scope().physical_name(id, id)?;
    let is_name = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !name.contains("..");
    if is_name {
        return Ok(name);
    }
    let problem = format!("is {name:?}, expected 3 to 63 lower-case letters, digits, dots and hyphens");
    Err(Stop::malformed(format!("{id}.Properties.BucketName"), problem))
}

/// A name of letters, digits and `_.-`, as Kinesis, Lambda and Firehose take them.
pub(super) fn plain_name(name: String, id: &str) -> Read<String> {
    let is_plain = (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        && !name.starts_with('.');
    if is_plain {
        return Ok(name);
    }
    Err(Stop::malformed(id, format!("is named {name:?}, expected 1 to 128 letters, digits, _, . and -")))
}
