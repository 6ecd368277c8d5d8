//! The transform as a Lambda function.

use edge::aws::{AwsSettings, KinesisSink, S3Store};
use edge::schema_source::load_schema;
use edge::settings::Settings;
use edge::{lambda, logging};
use std::error::Error;
use std::process::ExitCode;
use transform::{Failures, Reingest, Transform, TransformSettings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut environment = Settings::from_env();
    lambda::require_lambda(&mut environment);
    let settings = TransformSettings::read(&mut environment);
    logging::init(settings.log_level);
    match run(environment, settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = logging::chain(error.as_ref()), "transform can't run");
            ExitCode::FAILURE
        }
    }
}

async fn run(environment: Settings, settings: TransformSettings) -> Result<(), Box<dyn Error>> {
    let aws = AwsSettings::read(&environment);
    environment.finish()?;
    let schema = load_schema(&settings.schema, &aws).await?;
    let stream = settings.reingest_stream.clone().unwrap_or_default();
    let failures = settings.failures_bucket.clone().map(|bucket| {
        let aws = aws.clone();
        Failures::new(move || S3Store::connect(&bucket, &aws))
    });
    let reingest = Reingest::new(move || KinesisSink::connect(&stream, &aws));
    let transform = Transform::new(schema, &settings, reingest, failures)?;
    lambda::run(|invocation| transform.handle(invocation)).await?;
    Ok(())
}
