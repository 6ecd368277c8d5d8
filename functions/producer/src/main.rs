//! The producer as a Lambda function.

use std::error::Error;
use std::process::ExitCode;

use edge::aws::{KinesisSink, S3Store};
use edge::settings::Settings;
use edge::{lambda, logging};
use producer::{Producer, ProducerSettings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = logging::chain(error.as_ref()), "producer can't run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut environment = Settings::from_env();
    let settings = ProducerSettings::read(&mut environment);
    logging::init(settings.log_level);
    environment.finish()?;
    let aws = settings.aws.clone();
    let sink = KinesisSink::connect(&settings.stream, &aws);
    let store = S3Store::connect(&settings.bucket, &aws)?;
    let open_bucket = |bucket: &str| S3Store::connect(bucket, &aws);
    let producer = Producer::new(sink, store, open_bucket, settings);
    lambda::run(|invocation| producer.handle(invocation)).await?;
    Ok(())
}
