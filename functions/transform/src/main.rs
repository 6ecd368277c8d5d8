//! The transform as a Lambda function.

use std::process::ExitCode;

use edge::aws::{AwsSettings, KinesisSink, S3Store};
use edge::lambda;
use edge::schema_source::load_schema;
use edge::settings::Settings;
use transform::{Failures, Reingest, Transform, TransformSettings};

fn main() -> ExitCode {
    let read = |settings: &mut Settings| (TransformSettings::read(settings), AwsSettings::read(settings));
    lambda::main(read, async |(settings, aws)| {
        let schema = load_schema(&settings.schema, &aws).await?;
        let failures = settings.failures_bucket.clone().map(|bucket| {
            let aws = aws.clone();
            Failures::new(move || S3Store::connect(&bucket, &aws))
        });
        let stream = settings.reingest_stream.clone().unwrap_or_default();
        let reingest = Reingest::new(move || KinesisSink::connect(&stream, &aws));
        let transform = Transform::new(schema, &settings, reingest, failures)?;
        Ok(lambda::run(|invocation| transform.handle(invocation)).await?)
    })
}
