//! Where a run listens: its streams, its buckets, its functions, and everything else that is refused.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::aws::event::Observer;
use crate::aws::fence::{Fence, Served};
use crate::aws::kinesis::{KinesisEndpoint, KinesisOptions, StreamStore};
use crate::aws::lambda::{Function, Invocable, Invoke, ServiceUrls};
use crate::aws::s3::S3Endpoint;
use crate::error::RunError;
use crate::options::RunOptions;
use crate::pipeline::at_work::RunEndpoints;
use crate::pipeline::folder::{DataFolder, FolderError};

/// What clients and functions of the run call.
pub(super) struct Endpoints {
    pub(super) kinesis: KinesisEndpoint,
    pub(super) s3: S3Endpoint,
    /// The endpoint for everything else that a function may call.
    fence: Fence,
    invocable: Invocable,
}

impl Endpoints {
    /// Starts all of them. Functions are served once they are there.
    pub(super) async fn start(
        options: &RunOptions,
        buckets: &Path,
        streams: &Arc<StreamStore>,
        observer: &Arc<dyn Observer>,
    ) -> Result<Self, RunError> {
        let kinesis = KinesisOptions {
            port: options.kinesis_port,
            throttles: options.throttle,
            allowed_origins: options.allowed_origins.clone(),
        };
        let kinesis = KinesisEndpoint::start_with(kinesis, Arc::clone(streams)).await?;
        let origins = options.allowed_origins.clone();
        let told = Some(Arc::clone(observer));
        let s3 = S3Endpoint::start_observed(buckets, options.s3_port, origins, told).await?;
        let invocable = Invocable::default();
        let served = Served { kinesis: kinesis.router(), s3: s3.router(), lambda: invocable.router() };
        let fence = Fence::start(served, Arc::clone(observer)).await?;
        Ok(Self { kinesis, s3, fence, invocable })
    }

    /// Serves the functions, too, and tells commands of other processes.
    pub(super) fn serve(
        &self,
        functions: &BTreeMap<String, Arc<Function>>,
        folder: &DataFolder,
    ) -> Result<(), RunError> {
        let invocable =
            functions.iter().map(|(name, function)| (name.clone(), Arc::clone(function) as Arc<dyn Invoke>));
        self.invocable.are(invocable.collect());
        let ServiceUrls { kinesis, s3, others } = self.services();
        let told = RunEndpoints { kinesis, s3, all: others }.tell(folder.path());
        told.map_err(|source| FolderError::Storage { path: folder.path().to_owned(), source }.into())
    }

    /// Where a function finds the services.
    pub(super) fn services(&self) -> ServiceUrls {
        ServiceUrls {
            kinesis: self.kinesis.url().to_owned(),
            s3: self.s3.url().to_owned(),
            others: self.fence.url(),
        }
    }

    pub(super) async fn shutdown(self) {
        self.fence.shutdown().await;
        self.s3.shutdown().await;
        self.kinesis.shutdown().await;
    }
}
