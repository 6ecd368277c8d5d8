//! A delivery stream of the template.

use std::time::Duration;

use serde_json::Value;

use super::intrinsics::{Scope, written};
use super::properties::Properties;
use super::resources::last_segment;
use super::{Compression, DeliveryStream, Processing, TemplateError};

pub(super) fn delivery(
    scope: &Scope<'_>,
    id: &str,
    properties: &Properties<'_, '_>,
) -> Result<DeliveryStream, TemplateError> {
    let source = properties.child("KinesisStreamSourceConfiguration")?;
    let s3 = properties.child("ExtendedS3DestinationConfiguration")?;
    let hints = s3.child("BufferingHints")?;
    let partitioning = s3.child("DynamicPartitioningConfiguration")?;
    let bucket_arn = s3.required_text("BucketARN")?;
    let megabytes = hints.number("SizeInMBs", 5, (1, 128))?;
    Ok(DeliveryStream {
        name: scope.physical_name(id, id)?,
        stream: last_segment(&source.required_text("KinesisStreamARN")?).to_owned(),
        bucket: bucket_arn.strip_prefix("arn:aws:s3:::").unwrap_or(&bucket_arn).to_owned(),
        prefix: s3.text("Prefix")?.unwrap_or_default(),
        error_prefix: s3.text("ErrorOutputPrefix")?.unwrap_or_default(),
        file_extension: s3.text("FileExtension")?.unwrap_or_default(),
        buffer_bytes: usize::try_from(megabytes << 20).unwrap_or(5 << 20),
        buffer_interval: hints.seconds("IntervalInSeconds", 300, (0, 900))?,
        compression: match s3.text("CompressionFormat")?.as_deref() {
            None | Some("UNCOMPRESSED") => Compression::None,
            Some("GZIP") => Compression::Gzip,
            Some(other) => {
                return Err(
                    s3.invalid("CompressionFormat", format!("is {other}; GZIP and UNCOMPRESSED run here"))
                );
            }
        },
        time_zone: "UTC".to_owned(),
        record_delimiter: None,
        backup: None,
        dynamic_partitioning: partitioning.flag("Enabled")?.unwrap_or(false),
        processing: processing(&s3.child("ProcessingConfiguration")?)?,
    })
}

fn processing(properties: &Properties<'_, '_>) -> Result<Option<Processing>, TemplateError> {
    if properties.flag("Enabled")? != Some(true) {
        return Ok(None);
    }
    let processors = properties.value("Processors")?.unwrap_or(Value::Null);
    let lambda = processors
        .as_array()
        .into_iter()
        .flatten()
        .find(|processor| processor.get("Type").is_some_and(|kind| kind == "Lambda"));
    let Some(lambda) = lambda else {
        return Err(
            properties.invalid("Processors", "has no processor of type Lambda, the only one that runs here")
        );
    };
    let parameters = lambda.get("Parameters").and_then(Value::as_array);
    let parameter = |name: &str| {
        let named = parameters
            .into_iter()
            .flatten()
            .find(|parameter| parameter.get("ParameterName").is_some_and(|found| found == name));
        named.and_then(|parameter| parameter.get("ParameterValue")).map(written)
    };
    let number = |name: &str, default: f64, limits: (f64, f64)| match parameter(name) {
        None => Ok(default),
        Some(text) => {
            text.parse::<f64>().ok().filter(|number| (limits.0..=limits.1).contains(number)).ok_or_else(
                || properties.invalid(name, format!("is {text:?}, expected {} to {}", limits.0, limits.1)),
            )
        }
    };
    let arn = parameter("LambdaArn").ok_or_else(|| properties.invalid("LambdaArn", "is required"))?;
    Ok(Some(Processing {
        function: arn.split(':').nth(6).unwrap_or(&arn).to_owned(),
        buffer_bytes: bytes_of_megabytes(number("BufferSizeInMBs", 1.0, (0.2, 3.0))?),
        buffer_interval: Duration::from_secs_f64(number("BufferIntervalInSeconds", 60.0, (0.0, 900.0))?),
        retries: parameter("NumberOfRetries").and_then(|text| text.parse().ok()).unwrap_or(3),
    }))
}

/// At most 3 MB, so the cast is exact.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.2 to 3 MB, checked before")]
fn bytes_of_megabytes(megabytes: f64) -> usize {
    (megabytes * f64::from(1 << 20)) as usize
}
