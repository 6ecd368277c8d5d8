//! A function: as many execution environments as invocations at once, kept warm between them.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::environment::{Blueprint, Environment};
use super::log::FunctionLog;
use super::variables::ServiceUrls;
use super::{Invocation, InvocationError, Invoke, MAX_EVENT_BYTES};
use template::FunctionDefinition;

/// Most processes of one function at once.
const MAX_ENVIRONMENTS: usize = 10;

/// Where functions run.
#[derive(Debug)]
pub(crate) struct FunctionSettings<'a> {
    /// The folder with the binaries.
    pub(crate) binaries: &'a Path,
    /// The folder with a log file for each function.
    pub(crate) logs: &'a Path,
    pub(crate) services: ServiceUrls,
}

/// Why a function can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// Its binary is not built.
    #[error("binary {} of function {function} is not there", path.display())]
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
        /// What the file system says.
        source: std::io::Error,
    },
}

/// One function of the template.
pub(crate) struct Function {
    blueprint: Blueprint,
    idle: Mutex<Vec<Environment>>,
    permits: Semaphore,
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
        let blueprint = Blueprint { definition, binary, services: settings.services.clone(), log };
        Ok(Self { blueprint, idle: Mutex::default(), permits: Semaphore::new(MAX_ENVIRONMENTS) })
    }

    pub(crate) fn definition(&self) -> &FunctionDefinition {
        &self.blueprint.definition
    }

    /// Invokes the function with a request id of its own.
    pub(crate) async fn invoke(&self, event: Bytes) -> Result<Bytes, InvocationError> {
        self.request(Invocation { request_id: Uuid::new_v4().to_string(), event }).await
    }

    /// An environment that timed out, crashed or can't initialise is gone; the next invocation starts another.
    async fn request(&self, invocation: Invocation) -> Result<Bytes, InvocationError> {
        if invocation.event.len() > MAX_EVENT_BYTES {
            return Err(InvocationError::EventTooLarge { bytes: invocation.event.len() });
        }
        let _permit = self.permits.acquire().await;
        let mut environment = match self.take_idle() {
            Some(environment) => environment,
            None => Environment::start(&self.blueprint).await?,
        };
        let result = environment.invoke(&self.blueprint, invocation).await;
        match &result {
            Ok(_) | Err(InvocationError::Error { .. }) => self.idle().push(environment),
            Err(_) => environment.kill().await,
        }
        result
    }

    /// Kills every process that is not invoked at the moment.
    pub(crate) async fn shutdown(&self) {
        let idle = std::mem::take(&mut *self.idle());
        for environment in idle {
            environment.kill().await;
        }
    }

    /// A warm environment; one that died while idle is left behind.
    fn take_idle(&self) -> Option<Environment> {
        let mut idle = self.idle();
        while let Some(mut environment) = idle.pop() {
            if environment.is_alive() {
                return Some(environment);
            }
        }
        None
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Environment>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Invoke for Function {
    fn name(&self) -> &str {
        &self.definition().name
    }

    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Bytes, InvocationError>> {
        Box::pin(self.request(invocation))
    }
}
