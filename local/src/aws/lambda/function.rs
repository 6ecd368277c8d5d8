//! A function: its environments, what is reported about it, and how it is invoked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::environment::{Blueprint, Environment};
use super::log::FunctionLog;
use super::pool::Pool;
use super::told::Told;
use super::variables::ServiceUrls;
use super::{Invocation, InvocationError, Invoke, MAX_EVENT_BYTES};
use crate::aws::event::{Event, Name, Observer};
use template::FunctionDefinition;

/// Where functions run.
pub(crate) struct FunctionSettings<'a> {
    /// The folder with the binaries.
    pub(crate) binaries: &'a Path,
    /// The folder with a log file for each function.
    pub(crate) logs: &'a Path,
    pub(crate) services: ServiceUrls,
    pub(crate) observer: Arc<dyn Observer>,
}

/// Why a function can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// Its binary is not built.
    #[error("binary {} of function {function} does not exist", path.display())]
    NoBinary {
        /// The function's name.
        function: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Its log file can't be opened.
    #[error("log file {} can't be opened", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// The file system's error.
        source: std::io::Error,
    },
}

/// One function of the template.
pub(crate) struct Function {
    name: Name,
    blueprint: Blueprint,
    pool: Pool,
    told: Told,
    observer: Arc<dyn Observer>,
}

impl Function {
    /// Checks that the function can run. Its first process starts with its first invocation.
    pub(crate) fn new(
        definition: FunctionDefinition,
        settings: &FunctionSettings<'_>,
    ) -> Result<Self, FunctionError> {
        let path = settings.binaries.join(&definition.binary);
        let Some(binary) = path.canonicalize().ok().filter(|path| path.is_file()) else {
            return Err(FunctionError::NoBinary { function: definition.name, path });
        };
        let path = settings.logs.join(format!("{}.log", definition.name));
        let log = FunctionLog::open(&path).map_err(|source| FunctionError::Log { path, source })?;
        Ok(Self {
            name: definition.name.as_str().into(),
            pool: Pool::new(definition.reserved_concurrency),
            blueprint: Blueprint { definition, binary, services: settings.services.clone(), log },
            told: Told::new(Arc::clone(&settings.observer)),
            observer: Arc::clone(&settings.observer),
        })
    }

    pub(crate) fn definition(&self) -> &FunctionDefinition {
        &self.blueprint.definition
    }

    /// Invokes the function with a new request id.
    pub(crate) async fn invoke(&self, event: Bytes) -> Result<Bytes, InvocationError> {
        self.request(Invocation { request_id: Uuid::new_v4().to_string(), event }).await
    }

    /// Makes no more invocations, and kills every process that is not invoked at the moment.
    pub(crate) async fn shutdown(&self) {
        self.pool.shutdown().await;
    }

    async fn request(&self, invocation: Invocation) -> Result<Bytes, InvocationError> {
        if invocation.event.len() > MAX_EVENT_BYTES {
            return Err(InvocationError::EventTooLarge { bytes: invocation.event.len() });
        }
        let Some(_permit) = self.pool.admit().await else {
            return Err(InvocationError::Throttled { function: self.name.to_string() });
        };
        let warm = self.pool.warm();
        let number = warm.as_ref().map_or_else(|| self.pool.next_number(), Environment::number);
        let request_id: Name = invocation.request_id.as_str().into();
        self.observer.on(Event::InvocationStarted {
            function: Arc::clone(&self.name),
            request_id: Arc::clone(&request_id),
            environment: number,
            cold: warm.is_none(),
            event: invocation.event.clone(),
            log_at: self.blueprint.log.end_bytes(),
        });
        let begun = Instant::now();
        let result = match self.ready(warm, number).await {
            Ok(environment) => self.in_environment(environment, invocation).await,
            Err(error) => Err(error),
        };
        self.observer.on(Event::InvocationEnded {
            function: Arc::clone(&self.name),
            request_id,
            took: begun.elapsed(),
            answer: result.as_ref().map(Bytes::clone).map_err(ToString::to_string),
            log_at: self.blueprint.log.end_bytes(),
        });
        result
    }

    /// The warm environment, or a new one.
    async fn ready(&self, warm: Option<Environment>, number: u64) -> Result<Environment, InvocationError> {
        if let Some(environment) = warm {
            return Ok(environment);
        }
        let begin = self.blueprint.log.end_bytes();
        let started = Environment::start(&self.blueprint, number).await;
        if let Err(error) = &started {
            let log = &self.blueprint.log;
            self.told.not_started(&error.to_string(), log.last_line_since(begin).as_deref(), log.path());
        }
        started
    }

    /// An environment that timed out or crashed is gone, and the next invocation starts another.
    async fn in_environment(
        &self,
        mut environment: Environment,
        invocation: Invocation,
    ) -> Result<Bytes, InvocationError> {
        let result = environment.invoke(&self.blueprint, invocation).await;
        self.told.memory(self.definition(), environment.peak_mb());
        match &result {
            Ok(_) | Err(InvocationError::Error { .. }) => self.pool.keep(environment),
            Err(_) => environment.kill().await,
        }
        result
    }
}

impl Invoke for Function {
    fn name(&self) -> &str {
        &self.name
    }

    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Bytes, InvocationError>> {
        Box::pin(self.request(invocation))
    }
}
