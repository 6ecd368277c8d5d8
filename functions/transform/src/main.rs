//! The transform as a Lambda function.

use edge::{Settings, logging, runtime};
use record_model::Schema;
use std::error::Error;
use std::process::ExitCode;
use transform::{Transform, TransformSettings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = logging::chain(error.as_ref()), "transform can't run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut environment = Settings::from_env();
    let settings = TransformSettings::read(&mut environment);
    logging::init(settings.log_level);
    environment.finish()?;
    let schema = Schema::built_in(&settings.schema).ok_or("no such schema")?;
    let transform = Transform::new(schema, &settings);
    runtime::run(|invocation| transform.handle(invocation)).await?;
    Ok(())
}
