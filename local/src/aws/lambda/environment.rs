//! An execution environment: one process, its Runtime API, and one invocation at a time.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::process::{Child, Command};
use tokio::time::Instant;
use uuid::Uuid;

use super::access_key::AccessKey;
use super::exchange::{Exchange, NextEvent, Posted, router};
use super::guard::Guard;
use super::log::{Cost, FunctionLog};
use super::variables::{Process, ServiceUrls, variables};
use super::{Invocation, InvocationError};
use crate::aws::loopback::{Doors, Loopback};
use template::{ACCOUNT, FunctionDefinition, REGION};

/// How long a process may take to ask for its first event before it is started again.
const MAX_INITIALISATION: Duration = Duration::from_secs(10);

/// Everything an environment of a function needs.
#[derive(Debug)]
pub(super) struct Blueprint {
    pub(super) definition: FunctionDefinition,
    pub(super) binary: PathBuf,
    pub(super) services: ServiceUrls,
    pub(super) log: FunctionLog,
}

/// A process that has asked for its first event. The process and everything that it started are killed when
/// this is dropped.
pub(super) struct Environment {
    number: u64,
    process: Child,
    guard: Guard,
    exchange: Arc<Exchange>,
    /// How long the initialisation took; set until the first invocation reports it.
    initialisation: Option<Duration>,
    /// When the first invocation began, if it includes the initialisation.
    begun: Option<Instant>,
    peak_mb: Option<u64>,
    _runtime_api: Loopback,
}

impl Environment {
    /// Starts a process and waits until it asks for an event.
    ///
    /// If it does not ask in time, it is started again and then must ask within the timeout of the invocation
    /// for which it was started, as in Lambda.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>
    pub(super) async fn start(blueprint: &Blueprint, number: u64) -> Result<Self, InvocationError> {
        let mut environment = Self::launch(blueprint, number).await?;
        let launched = Instant::now();
        if environment.asks_within(blueprint, MAX_INITIALISATION).await? {
            environment.initialisation = Some(launched.elapsed());
            return Ok(environment);
        }
        blueprint.log.initialisation_timed_out(MAX_INITIALISATION);
        environment.kill().await;
        let FunctionDefinition { name, timeout, .. } = &blueprint.definition;
        let mut environment = Self::launch(blueprint, number).await?;
        environment.begun = Some(Instant::now());
        if environment.asks_within(blueprint, *timeout).await? {
            return Ok(environment);
        }
        environment.kill().await;
        Err(InvocationError::TimedOut { function: name.clone(), seconds: timeout.as_secs() })
    }

    async fn launch(blueprint: &Blueprint, number: u64) -> Result<Self, InvocationError> {
        let exchange = Arc::new(Exchange::default());
        let served = Loopback::serve(0, router(Arc::clone(&exchange)), Doors::loopback(Vec::new())).await;
        let runtime_api = served.map_err(|error| not_started(blueprint, &error.to_string()))?;
        let guard = Guard::start()
            .map_err(|error| not_started(blueprint, &format!("/bin/sh can't be run: {error}")))?;
        let address = runtime_api.address().to_string();
        let process = spawn(blueprint, &address, number, guard.group()).map_err(|error| {
            not_started(blueprint, &format!("{} can't be run: {error}", blueprint.binary.display()))
        })?;
        Ok(Self {
            number,
            process,
            guard,
            exchange,
            initialisation: None,
            begun: None,
            peak_mb: None,
            _runtime_api: runtime_api,
        })
    }

    /// Whether the process asks for an event in this time. An error means that it never will.
    async fn asks_within(&mut self, blueprint: &Blueprint, time: Duration) -> Result<bool, InvocationError> {
        tokio::select! {
            asked = self.exchange.initialised() => match asked {
                Ok(()) => Ok(true),
                Err(posted) => Err(not_started(blueprint, &posted)),
            },
            ended = self.process.wait() => {
                Err(not_started(blueprint, &format!("it ended with {}", status(ended))))
            }
            () = tokio::time::sleep(time) => Ok(false),
        }
    }

    /// Makes one invocation. After an error other than the function's own, the environment can't be used
    /// again.
    pub(super) async fn invoke(
        &mut self,
        blueprint: &Blueprint,
        invocation: Invocation,
    ) -> Result<Bytes, InvocationError> {
        let definition = &blueprint.definition;
        let Invocation { request_id, event } = invocation;
        blueprint.log.start(&request_id);
        let begun = self.begun.take().unwrap_or_else(Instant::now);
        let left = definition.timeout.saturating_sub(begun.elapsed());
        let posted = self.exchange.give(NextEvent {
            request_id: request_id.clone(),
            event,
            deadline: SystemTime::now() + left,
            function_arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", definition.name),
        });
        let function = definition.name.clone();
        let result = tokio::select! {
            // What was posted counts, even if the process ends directly afterwards.
            biased;
            Ok(posted) = posted => match posted {
                Posted::Answer(answer) => Ok(answer),
                Posted::Error { error_type, message } => Err(InvocationError::Error { function, error_type, message }),
            },
            ended = self.process.wait() => Err(InvocationError::Crashed { function, status: status(ended) }),
            () = tokio::time::sleep_until(begun + definition.timeout) => {
                Err(InvocationError::TimedOut { function, seconds: definition.timeout.as_secs() })
            }
        };
        self.peak_mb = self.process.id().and_then(super::memory::peak_mb);
        let cost = Cost {
            duration: begun.elapsed(),
            initialisation: self.initialisation.take(),
            memory_mb: definition.memory_mb,
            peak_mb: self.peak_mb,
        };
        blueprint.log.end(&request_id, &result, cost);
        result
    }

    /// Its number among those of its function, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The most memory that the process held until its last invocation ended, if the system says.
    pub(super) fn peak_mb(&self) -> Option<u64> {
        self.peak_mb
    }

    /// Whether the process is still there to take another event.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Kills the process and what it started, and waits until it is gone.
    pub(super) async fn kill(mut self) {
        let group = self.guard.kill().await;
        if let Err(error) = group.and(self.process.kill().await) {
            tracing::debug!(%error, "a function's process was gone already");
        }
    }
}

fn spawn(blueprint: &Blueprint, runtime_api: &str, number: u64, group: i32) -> std::io::Result<Child> {
    let Blueprint { definition, binary, services, log } = blueprint;
    let task_root = binary.parent().unwrap_or_else(|| Path::new("/"));
    let process = Process {
        task_root,
        runtime_api,
        log_stream: format!("[$LATEST]{}", Uuid::new_v4().simple()),
        access_key: AccessKey { function: definition.name.clone(), environment: number },
    };
    Command::new(binary)
        .env_clear()
        .envs(variables(definition, &process, services))
        .current_dir(task_root)
        .stdin(Stdio::null())
        .stdout(log.handle()?)
        .stderr(log.handle()?)
        // Ctrl-C on a terminal is meant for the run, which then drains through its functions.
        .process_group(group)
        .kill_on_drop(true)
        .spawn()
}

fn not_started(blueprint: &Blueprint, reason: &str) -> InvocationError {
    InvocationError::Initialisation { function: blueprint.definition.name.clone(), reason: reason.to_owned() }
}

fn status(ended: std::io::Result<ExitStatus>) -> String {
    ended.map_or_else(|error| error.to_string(), |status| status.to_string())
}
