//! The consumer as a Lambda function.

#[cfg(feature = "comprehend")]
use consumer::ComprehendEnricher;
use consumer::{Backend, Consumer, ConsumerSettings, Enricher, LocalEnricher};
use edge::aws::S3Store;
use edge::schema_source::load_schema;
use edge::settings::Settings;
use edge::{lambda, logging};
use std::error::Error;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut environment = Settings::from_env();
    let settings = ConsumerSettings::read(&mut environment);
    logging::init(settings.log_level);
    match run(environment, settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = logging::chain(error.as_ref()), "consumer can't run");
            ExitCode::FAILURE
        }
    }
}

async fn run(environment: Settings, settings: ConsumerSettings) -> Result<(), Box<dyn Error>> {
    environment.finish()?;
    match settings.enricher {
        Backend::Local => serve(LocalEnricher::new(settings.keywords), settings).await,
        #[cfg(feature = "comprehend")]
        Backend::Comprehend => {
            serve(ComprehendEnricher::connect(&settings.aws, settings.keywords), settings).await
        }
    }
}

async fn serve<E: Enricher>(enricher: E, settings: ConsumerSettings) -> Result<(), Box<dyn Error>> {
    let schema = load_schema(&settings.schema, &settings.aws).await?;
    let store = S3Store::connect(&settings.bucket, &settings.aws)?;
    let consumer = Consumer::new(store, enricher, schema, settings);
    lambda::run(|invocation| consumer.handle(invocation)).await?;
    Ok(())
}
