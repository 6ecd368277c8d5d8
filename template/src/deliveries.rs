//! Reads a delivery stream of the template.

use super::names::{bucket_of, stream_of};
use super::processors::processors;
use super::properties::Properties;
use super::stop::{Read, Stop};
use super::streams::plain_name;
use super::{Backup, Compression, DeliveryStream, kinds, searches};

/// The S3 destinations: the present form and the older one.
const S3: [&str; 2] = ["ExtendedS3DestinationConfiguration", "S3DestinationConfiguration"];

pub(super) fn delivery(id: &str, properties: &Properties<'_>) -> Read<DeliveryStream> {
    properties.without_effect(&kinds::DELIVERY);
    let stream = stream(id, properties)?;
    properties.notes().take(&stream);
    let name = plain_name(properties.scope().physical_name(id, id)?, id)?;
    if let Some(search) = searches::destination(properties)? {
        return searches::delivery(name, stream, &search);
    }
    let s3 = destination(id, properties)?;
    refuse_conversion(&s3)?;
    let partitioning = s3.child("DynamicPartitioningConfiguration")?;
    partitioning.without_effect(&["RetryOptions"]);
    let objects = objects(&s3)?;
    let processors = processors(&s3.child("ProcessingConfiguration")?)?;
    Ok(DeliveryStream {
        name,
        stream,
        bucket: objects.bucket,
        prefix: objects.prefix,
        error_prefix: s3.text("ErrorOutputPrefix")?.unwrap_or_default(),
        file_extension: s3.text("FileExtension")?.unwrap_or_default(),
        time_zone: s3.time_zone("CustomTimeZone")?,
        buffer_bytes: objects.buffer_bytes,
        buffer_interval: objects.buffer_interval,
        compression: objects.compression,
        dynamic_partitioning: partitioning.flag("Enabled")?.unwrap_or(false),
        processing: processors.lambda,
        record_delimiter: processors.delimiter,
        backup: backup(&s3)?,
        search: None,
    })
}

fn stream(id: &str, properties: &Properties<'_>) -> Read<String> {
    let source = properties.child("KinesisStreamSourceConfiguration")?;
    if source.is_absent() {
        return Err(Stop::left_out(
            id,
            "a delivery stream without a Kinesis stream behind it is not run here",
        ));
    }
    source.without_effect(&["RoleARN"]);
    let arn = source.required_text("KinesisStreamARN")?;
    let problem = format!("is {arn:?}, which is not the ARN of a Kinesis stream");
    let (stream, _) = stream_of(&arn).ok_or_else(|| source.left_out("KinesisStreamARN", &problem))?;
    Ok(stream.to_owned())
}

fn destination<'s>(id: &str, properties: &Properties<'s>) -> Read<Properties<'s>> {
    for name in S3 {
        let s3 = properties.child(name)?;
        if !s3.is_absent() {
            s3.without_effect(&kinds::DESTINATION);
            return Ok(s3);
        }
    }
    let names = properties.names().into_iter();
    let other =
        names.filter(|name| name.ends_with("DestinationConfiguration")).collect::<Vec<_>>().join(", ");
    let other = if other.is_empty() { "no destination".to_owned() } else { other };
    Err(Stop::left_out(id, format!("delivers by {other}; only deliveries to S3 and OpenSearch are run here")))
}

/// Refuses format conversion, since the objects of unconverted records would differ from AWS's.
fn refuse_conversion(s3: &Properties<'_>) -> Read<()> {
    let name = "DataFormatConversionConfiguration";
    let conversion = s3.child(name)?;
    let is_off = conversion.is_absent() || conversion.flag("Enabled")? == Some(false);
    conversion.pass_over();
    let reason = "conversion to Parquet or ORC is not run here, so the delivery stream is left out";
    if is_off { Ok(()) } else { Err(s3.left_out(name, reason)) }
}

/// Where and how objects are written. A destination and a backup have the same properties for it.
pub(super) fn objects(s3: &Properties<'_>) -> Read<Backup> {
    let hints = s3.child("BufferingHints")?;
    let megabytes = hints.number("SizeInMBs", 5, (1, 128))?;
    let arn = s3.required_text("BucketARN")?;
    let bucket = bucket_of(&arn);
    let no_bucket = || s3.left_out("BucketARN", &format!("is {arn:?}, which is not the ARN of a bucket"));
    Ok(Backup {
        bucket: bucket.ok_or_else(no_bucket)?.to_owned(),
        prefix: s3.text("Prefix")?.unwrap_or_default(),
        buffer_bytes: usize::try_from(megabytes << 20).unwrap_or(5 << 20),
        buffer_interval: hints.seconds("IntervalInSeconds", 300, (0, 900))?,
        compression: compression(s3)?,
    })
}

fn compression(s3: &Properties<'_>) -> Read<Compression> {
    match s3.text("CompressionFormat")?.as_deref() {
        None | Some("UNCOMPRESSED") => Ok(Compression::None),
        Some("GZIP") => Ok(Compression::Gzip),
        Some("ZIP") => Ok(Compression::Zip),
        Some("Snappy") => Ok(Compression::Snappy),
        Some("HADOOP_SNAPPY") => Ok(Compression::HadoopSnappy),
        Some(other) => {
            let problem = format!("is {other:?}, expected UNCOMPRESSED, GZIP, ZIP, Snappy or HADOOP_SNAPPY");
            Err(s3.malformed("CompressionFormat", &problem))
        }
    }
}

fn backup(s3: &Properties<'_>) -> Read<Option<Backup>> {
    let configuration = s3.child("S3BackupConfiguration")?;
    match s3.text("S3BackupMode")?.as_deref() {
        None | Some("Disabled") => {
            configuration.pass_over();
            Ok(None)
        }
        Some("Enabled") => {
            configuration.without_effect(&kinds::DESTINATION);
            configuration.without_effect(&["ErrorOutputPrefix"]);
            objects(&configuration).map(Some)
        }
        Some(other) => {
            Err(s3.malformed("S3BackupMode", &format!("is {other:?}, expected Enabled or Disabled")))
        }
    }
}
