//! The `main` of a function.

use std::error::Error;
use std::process::ExitCode;

use super::require_lambda;
use crate::logging::{self, LEVELS, LevelFilter};
use crate::settings::Settings;

/// The whole `main` of a function. It reads the environment with `read`, starts the log at `LOG_LEVEL`, and
/// runs `serve` until it ends. If variables are missing or malformed, the process ends before `serve` is
/// called, and all of them are reported together.
///
/// A function serves one invocation at a time, so the runtime has one thread.
pub fn main<S>(
    read: impl FnOnce(&mut Settings) -> S,
    serve: impl AsyncFnOnce(S) -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    let mut environment = Settings::from_env();
    require_lambda(&mut environment);
    logging::init(environment.choice("LOG_LEVEL", LEVELS, LevelFilter::INFO));
    let settings = read(&mut environment);
    let outcome = environment.finish().map_err(Into::into).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(serve(settings))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = logging::chain(error.as_ref()), "the function can't run");
            ExitCode::FAILURE
        }
    }
}
