//! The places of results and failures: the folder of a run, S3 buckets, or single files.

use std::error::Error;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edge::aws::kinesis_reader::StreamReader;
use edge::aws::{AwsCredentials, AwsSettings, S3Store};
use edge::logging::chain;
use edge::store::{ObjectStore as _, StoreError};
use local::{KinesisEndpoint, RunEndpoints, S3Endpoint, StreamStore};

use crate::aws::AwsArguments;

const S3_SCHEME: &str = "s3://";
/// The reason why there are no services for the folder of a run.
const NO_RUN: &str = "no run is at work in the folder, so that there is no stream and no function; start one there first \
    (kinflow run --data-dir FOLDER, in another terminal)";
/// How long the command waits for a bucket that does not answer.
const PROBE_PATIENCE: Duration = Duration::from_secs(3);
/// The ending of the files in which `kinflow redrive` keeps its notes on another file's records.
pub(crate) const NOTES: &str = ".redriven.ndjson";
/// The folders in which a run keeps its buckets, documents for queues and topics, and its streams.
const BUCKETS: &str = "s3";
const MESSAGES: &str = "failed";
const STREAMS: &str = "streams";

/// All places that were named.
pub(crate) struct Place {
    pub(crate) buckets: Vec<Bucket>,
    /// Files with any form of failure.
    pub(crate) files: Vec<PathBuf>,
    /// The services, or the reason why there are none.
    services: Result<Services, String>,
    /// Serves the buckets of a run that has ended.
    endpoint: Option<S3Endpoint>,
    /// Serves the streams of a run that has ended, for reading.
    streams: Option<KinesisEndpoint>,
    /// The folder of the run.
    run: Option<PathBuf>,
}

/// A bucket, or the part of it whose keys begin with a prefix.
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) store: S3Store,
    /// The folder of its objects, if it is a bucket of a run on this machine.
    folder: Option<PathBuf>,
}

impl Bucket {
    /// Reads an object. In a run's bucket the file itself is read, which is always complete.
    pub(crate) async fn body(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let is_plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        let file = self.folder.as_ref().filter(|_| is_plain(Path::new(key))).map(|folder| folder.join(key));
        if let Some(file) = file
            && let Ok(bytes) = tokio::fs::read(file).await
        {
            return Ok(Some(bytes.into()));
        }
        Ok(self.store.get(key).await?.map(|object| object.body))
    }
}

/// The settings of all clients, and the endpoint at which functions are invoked.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) aws: Arc<AwsSettings>,
    pub(crate) lambda_url: Option<String>,
}

impl Place {
    /// Opens what was named: folders of runs, `s3://bucket[/prefix]`, or files. Each bucket is asked for once, so that
    /// a missing or forbidden one is reported at once.
    pub(crate) async fn open(names: &[String], arguments: &AwsArguments) -> Result<Self, Box<dyn Error>> {
        let services = Err(NO_RUN.to_owned());
        let (buckets, files) = (Vec::new(), Vec::new());
        let mut place = Self { buckets, files, services, endpoint: None, streams: None, run: None };
        for name in names {
            match name.strip_prefix(S3_SCHEME) {
                Some(bucket) => place.add_bucket(bucket, arguments).await?,
                None if Path::new(name).is_file() => place.files.push(PathBuf::from(name)),
                None => place.add_run(Path::new(name)).await?,
            }
        }
        if place.buckets.is_empty() {
            // Files can be read without any keys.
            let aws = arguments.settings_of_all().await.map_err(|error| error.to_string());
            place.services =
                aws.map(|aws| Services { lambda_url: arguments.lambda_url(), aws: Arc::new(aws) });
        }
        Ok(place)
    }

    /// Connects to the bucket of this name, whether it was named or not.
    pub(crate) fn bucket(&self, name: &str) -> Result<S3Store, Box<dyn Error>> {
        if let Some(bucket) = self.buckets.iter().find(|bucket| bucket.name == name) {
            return Ok(bucket.store.clone());
        }
        let services = self.services()?;
        Ok(S3Store::connect(name, &services.aws)?)
    }

    /// The services, or a message that says what to do so that there are some.
    pub(crate) fn services(&self) -> Result<&Services, Box<dyn Error>> {
        self.services.as_ref().map_err(|reason| reason.as_str().into())
    }

    /// A reader of the streams. It can also read those of a run that has ended.
    pub(crate) async fn reader(&mut self) -> Result<StreamReader, Box<dyn Error>> {
        match (&self.services, &self.run) {
            (Err(_), Some(folder)) => {
                let store = StreamStore::open(&folder.join(STREAMS))?;
                let endpoint = KinesisEndpoint::start(0, store).await?;
                Ok(StreamReader::local(self.streams.insert(endpoint).url()))
            }
            _ => Ok(StreamReader::connect(&self.services()?.aws)),
        }
    }

    /// Says in one line why a bucket can't be read.
    pub(crate) fn advice(&self, bucket: &str, error: &StoreError) -> String {
        match &self.services {
            Ok(services) => advice(bucket, &services.aws, error),
            Err(_) => format!("bucket {bucket:?}: {}", chain(error)),
        }
    }

    /// Stops the endpoints that were started for the places.
    pub(crate) async fn close(self) {
        if let Some(endpoint) = self.endpoint {
            endpoint.shutdown().await;
        }
        if let Some(streams) = self.streams {
            streams.shutdown().await;
        }
    }

    async fn add_bucket(&mut self, name: &str, arguments: &AwsArguments) -> Result<(), Box<dyn Error>> {
        let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
        if bucket.is_empty() {
            return Err(format!(
                "{S3_SCHEME}{name} names no bucket; expected s3://bucket or s3://bucket/prefix"
            )
            .into());
        }
        let aws = match &self.services {
            Ok(services) => Arc::clone(&services.aws),
            Err(_) => Arc::new(arguments.settings_of_all().await?),
        };
        let store = S3Store::connect(bucket, &aws)?;
        let probe = store.clone().with_patience(PROBE_PATIENCE);
        probe.list(prefix, None).await.map_err(|error| advice(bucket, &aws, &error))?;
        self.services = Ok(Services { aws, lambda_url: arguments.lambda_url() });
        let (name, prefix) = (bucket.to_owned(), prefix.to_owned());
        self.buckets.push(Bucket { name, prefix, store, folder: None });
        Ok(())
    }

    /// Adds the folder of a run. A run in progress is asked at its endpoints; otherwise the folder is served here.
    async fn add_run(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let buckets = folder.join(BUCKETS);
        if !buckets.is_dir() {
            let what = if folder.is_dir() { "holds no run" } else { "is not there" };
            return Err(format!(
                "{} {what}; expected the folder of a run (kinflow run --data-dir FOLDER), s3://bucket, or a file",
                folder.display()
            )
            .into());
        }
        let at_work = RunEndpoints::of(folder);
        self.run = Some(folder.to_owned());
        let s3_url = if let Some(endpoints) = &at_work {
            endpoints.s3.clone()
        } else {
            if self.endpoint.is_some() {
                return Err("name one folder of a run at a time".into());
            }
            let endpoint = S3Endpoint::start(&buckets, 0).await?;
            self.endpoint.insert(endpoint).url().to_owned()
        };
        let aws = AwsSettings {
            region: "us-east-1".to_owned(),
            credentials: Some(AwsCredentials::local()),
            s3_endpoint_url: Some(s3_url),
            kinesis_endpoint_url: at_work.as_ref().map(|endpoints| endpoints.kinesis.clone()),
            ..AwsSettings::default()
        };
        for name in names_of(&buckets)? {
            let store = S3Store::connect(&name, &aws)?;
            let folder = Some(buckets.join(&name));
            self.buckets.push(Bucket { name, prefix: String::new(), store, folder });
        }
        if let Some(endpoints) = at_work {
            self.services = Ok(Services { aws: Arc::new(aws), lambda_url: Some(endpoints.all) });
        }
        files_below(&folder.join(MESSAGES), &mut self.files)?;
        Ok(())
    }
}

/// The names of a run's buckets. Folders whose names begin with a dot belong to the endpoint.
fn names_of(buckets: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(buckets)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files_below(&path, found)?;
        } else if !path.to_string_lossy().ends_with(NOTES) {
            found.push(path);
        }
    }
    Ok(())
}

/// Says in one line why a bucket can't be used, and what to do next.
fn advice(bucket: &str, aws: &AwsSettings, error: &StoreError) -> String {
    let told = chain(error);
    let place = aws.s3_endpoint_url.clone().unwrap_or_else(|| format!("S3 in {}", aws.region));
    if let StoreError::NoBucket { .. } = error {
        return format!(
            "bucket {bucket:?} at {place} is not there; `aws s3 ls` shows those that are, --region and --endpoint-url \
             say where to look"
        );
    }
    let next = [
        ("PermanentRedirect", "it is in another region: name that by --region"),
        ("AuthorizationHeaderMalformed", "it is in another region: name that by --region"),
        (
            "ExpiredToken",
            "the session of these keys has ended: sign in again (aws sso login), or take new ones",
        ),
        ("InvalidAccessKeyId", "AWS does not accept these keys: see --profile and AWS_ACCESS_KEY_ID"),
        (
            "SignatureDoesNotMatch",
            "AWS does not accept these keys: see AWS_SECRET_ACCESS_KEY and the machine's clock",
        ),
        (
            "AccessDenied",
            "these keys are not permitted to do this: they need s3:ListBucket, s3:GetObject and, to redrive, s3:PutObject",
        ),
    ]
    .into_iter()
    .find(|(code, _)| told.contains(code))
    .map(|(code, next)| format!("{code}: {next}"));
    let next = next.unwrap_or_else(|| match error {
        StoreError::Denied { .. } => {
            "these keys are not permitted to do this: they need s3:ListBucket, s3:GetObject and, to redrive, s3:PutObject"
                .to_owned()
        }
        _ => format!("{told}; is the server running, and is --endpoint-url right?"),
    });
    format!("bucket {bucket:?} at {place}: {next}")
}
