//! An execution environment: one process, its Runtime API, and one invocation at a time.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::exchange::{Exchange, NextEvent, Posted, router};
use super::log::{Cost, FunctionLog};
use super::variables::{ServiceUrls, variables};
use super::{Invocation, InvocationError};
use crate::aws::loopback::Loopback;
use template::{ACCOUNT, FunctionDefinition, REGION};

/// How long a process may take to ask for its first event.
const MAX_INITIALISATION: Duration = Duration::from_secs(10);

/// Everything an environment of a function needs.
#[derive(Debug)]
pub(super) struct Blueprint {
    pub(super) definition: FunctionDefinition,
    pub(super) binary: PathBuf,
    pub(super) services: ServiceUrls,
    pub(super) log: FunctionLog,
}

/// A process that has asked for its first event. It is killed when this is dropped.
pub(super) struct Environment {
    process: Child,
    exchange: Arc<Exchange>,
    initialisation: Option<Duration>,
    _runtime_api: Loopback,
}

impl Environment {
    /// Starts a process and waits until it asks for an event.
    pub(super) async fn start(blueprint: &Blueprint) -> Result<Self, InvocationError> {
        let fail = |reason: String| InvocationError::Initialisation {
            function: blueprint.definition.name.clone(),
            reason,
        };
        let exchange = Arc::new(Exchange::default());
        let served = Loopback::serve(0, router(Arc::clone(&exchange))).await;
        let runtime_api = served.map_err(|error| fail(error.to_string()))?;
        let begun = Instant::now();
        let mut process = spawn(blueprint, &runtime_api.address().to_string())
            .map_err(|error| fail(format!("{} can't be run: {error}", blueprint.binary.display())))?;
        tokio::select! {
            initialised = exchange.initialised() => initialised.map_err(fail)?,
            ended = process.wait() => return Err(fail(format!("it ended with {}", status(ended)))),
            () = tokio::time::sleep(MAX_INITIALISATION) => {
                return Err(fail(format!("it asked for no event within {} s", MAX_INITIALISATION.as_secs())));
            }
        }
        Ok(Self { process, exchange, initialisation: Some(begun.elapsed()), _runtime_api: runtime_api })
    }

    /// One invocation. With an error other than the function's own the environment is spent.
    pub(super) async fn invoke(
        &mut self,
        blueprint: &Blueprint,
        invocation: Invocation,
    ) -> Result<Bytes, InvocationError> {
        let definition = &blueprint.definition;
        let Invocation { request_id, event } = invocation;
        blueprint.log.start(&request_id);
        let begun = Instant::now();
        let posted = self.exchange.give(NextEvent {
            request_id: request_id.clone(),
            event,
            deadline: SystemTime::now() + definition.timeout,
            function_arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", definition.name),
        });
        let function = definition.name.clone();
        let result = tokio::select! {
            // What was posted counts, even of a process that ends right after.
            biased;
            Ok(posted) = posted => match posted {
                Posted::Answer(answer) => Ok(answer),
                Posted::Error { error_type, message } => Err(InvocationError::Error { function, error_type, message }),
            },
            ended = self.process.wait() => Err(InvocationError::Crashed { function, status: status(ended) }),
            () = tokio::time::sleep(definition.timeout) => {
                Err(InvocationError::TimedOut { function, seconds: definition.timeout.as_secs() })
            }
        };
        let peak_mb = self.process.id().and_then(super::memory::peak_mb);
        let cost = Cost {
            duration: begun.elapsed(),
            initialisation: self.initialisation.take(),
            memory_mb: definition.memory_mb,
            peak_mb,
        };
        blueprint.log.end(&request_id, outcome(&result), cost);
        result
    }

    /// Whether the process is still there to take another event.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Kills the process and waits until it is gone.
    pub(super) async fn kill(mut self) {
        if let Err(error) = self.process.kill().await {
            tracing::debug!(%error, "a function's process was gone already");
        }
    }
}

fn spawn(blueprint: &Blueprint, runtime_api: &str) -> std::io::Result<Child> {
    let task_root = blueprint.binary.parent().unwrap_or_else(|| std::path::Path::new("/"));
    let log_stream = format!("[$LATEST]{}", Uuid::new_v4().simple());
    Command::new(&blueprint.binary)
        .env_clear()
        .envs(variables(&blueprint.definition, task_root, runtime_api, &log_stream, &blueprint.services))
        .current_dir(task_root)
        .stdin(Stdio::null())
        .stdout(blueprint.log.handle()?)
        .stderr(blueprint.log.handle()?)
        // Ctrl-C on a terminal is for the run, which then drains through its functions.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

fn status(ended: std::io::Result<ExitStatus>) -> String {
    ended.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// The last column of the REPORT line.
fn outcome(result: &Result<Bytes, InvocationError>) -> &'static str {
    match result {
        Ok(_) => "",
        Err(InvocationError::TimedOut { .. }) => "\tStatus: timeout",
        Err(_) => "\tStatus: error",
    }
}
