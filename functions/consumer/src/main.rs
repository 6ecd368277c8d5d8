//! The consumer as a Lambda function.

use std::process::ExitCode;

use consumer::{Backend, ComprehendEnricher, ConsumerSettings, LocalEnricher, serve};

fn main() -> ExitCode {
    edge::lambda::main(ConsumerSettings::read, async |settings| match settings.enricher {
        Backend::Local => serve(LocalEnricher::new(settings.keywords), settings).await,
        Backend::Comprehend => {
            serve(ComprehendEnricher::connect(&settings.aws, settings.keywords)?, settings).await
        }
    })
}
