//! The consumer as a Lambda function.

use std::process::ExitCode;

#[cfg(feature = "comprehend")]
use consumer::ComprehendEnricher;
use consumer::{Backend, ConsumerSettings, LocalEnricher, serve};

fn main() -> ExitCode {
    edge::lambda::main(ConsumerSettings::read, async |settings| match settings.enricher {
        Backend::Local => serve(LocalEnricher::new(settings.keywords), settings).await,
        #[cfg(feature = "comprehend")]
        Backend::Comprehend => {
            serve(ComprehendEnricher::connect(&settings.aws, settings.keywords), settings).await
        }
    })
}
