//! The consumer's loop with any enricher.

use std::error::Error;

use edge::aws::S3Store;
use edge::lambda;
use edge::schema_source::load_schema;

use crate::{Consumer, ConsumerSettings, Enricher};

/// Serves invocations with `enricher` until Lambda ends the process. A crate with an enricher of its own only
/// needs this as its `main`, and nothing in the consumer changes:
///
/// ```no_run
/// # use consumer::{ConsumerSettings, LocalEnricher as MyEnricher};
/// fn main() -> std::process::ExitCode {
///     edge::lambda::main(ConsumerSettings::read, async |settings| {
///         consumer::serve(MyEnricher::new(settings.keywords), settings).await
///     })
/// }
/// ```
///
/// The error says which part could not be made: the schema, the bucket, or the connection to Lambda.
pub async fn serve<E: Enricher>(enricher: E, settings: ConsumerSettings) -> Result<(), Box<dyn Error>> {
    let schema = load_schema(&settings.schema, &settings.aws).await?;
    let store = S3Store::connect(&settings.bucket, &settings.aws)?;
    let consumer = Consumer::new(store, enricher, schema, settings);
    Ok(lambda::run(|invocation| consumer.handle(invocation)).await?)
}
