//! The consumer as a Lambda function.

use consumer::{Consumer, ConsumerSettings, LocalEnricher};
use edge::{S3Store, Settings, logging, runtime};
use record_model::Schema;
use std::error::Error;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = logging::chain(error.as_ref()), "consumer can't run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut environment = Settings::from_env();
    let settings = ConsumerSettings::read(&mut environment);
    logging::init(settings.log_level);
    environment.finish()?;
    let schema = Schema::built_in(&settings.schema).ok_or("no such schema")?;
    let store = S3Store::connect(&settings.bucket, &settings.aws)?;
    let consumer = Consumer::new(store, LocalEnricher::new(settings.keywords), schema, settings);
    runtime::run(|invocation| consumer.handle(invocation)).await?;
    Ok(())
}
