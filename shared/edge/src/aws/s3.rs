//! The object store on S3, or on any server that speaks its protocol.

use std::borrow::Cow;
use std::error::Error as _;
use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{HttpClient, HttpConnector};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{
    Attribute, AttributeValue, ClientOptions, Error, GetOptions, GetRange, GetResult,
    ObjectStore as ForeignStore, PutMode, PutOptions, PutPayload, RetryConfig, UpdateVersion,
};

use crate::BoxError;
use crate::aws::{AwsSettings, TrustedRoots, https};
use crate::backoff::full_jitter;
use crate::store::check_key;
use crate::store::{
    Attributes, Created, ETag, Listed, MAX_GET_BYTES, MAX_LISTED_KEYS, Object, ObjectHead, ObjectStore,
    RangeRead, Replaced, StoreError,
};

/// How long one call keeps trying before it gives up, unless told otherwise.
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(8);

/// How long one request may take: an object of a batch is a few megabytes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Metadata that tells our own write from another's of equal bytes; never handed on.
const WRITE_ID: &str = "kinflow-write-id";

/// One bucket of S3.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: AmazonS3,
    patience: Duration,
}

impl S3Store {
    /// Makes a client; no request is sent yet, and the bucket need not exist.
    ///
    /// An endpoint URL is addressed by path and may be plain http; AWS itself is always https.
    pub fn connect(bucket: &str, aws: &AwsSettings) -> Result<Self, StoreError> {
        let client = builder(bucket, aws)
            .build()
            .map_err(|source| StoreError::Connect { bucket: bucket.to_owned(), source: source.into() })?;
        Ok(Self { client, patience: DEFAULT_PATIENCE })
    }

    /// The same bucket with calls that keep trying for `patience`.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Writes under a condition; `None` where the condition did not hold for any try of ours.
    async fn put(
        &self,
        call: Call<'_>,
        mode: PutMode,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Option<ETag>, StoreError> {
        attributes.check(call.key)?;
        let path = call.path()?;
        let write_id = format!("{:032x}", fastrand::u128(..));
        let options =
            PutOptions { mode, attributes: outgoing(attributes, &write_id), ..PutOptions::default() };
        let mut tries = self.tries();
        loop {
            let payload = PutPayload::from_bytes(body.clone());
            match self.client.put_opts(&path, payload, options.clone()).await {
                Ok(result) => {
                    return result.e_tag.map(|tag| Some(ETag::new(tag))).ok_or_else(|| call.no_tag());
                }
                Err(error) if is_precondition(&error) => return self.own_write(call.key, &write_id).await,
                Err(error) => tries.again(call, error).await?,
            }
        }
    }

    /// The tag of the object there, if one of our tries wrote it and only its answer was lost.
    async fn own_write(&self, key: &str, write_id: &str) -> Result<Option<ETag>, StoreError> {
        let found = self.read(Call { operation: "head", key }, GetOptions::new().with_head(true)).await?;
        Ok(found.and_then(|found| {
            let own = found.attributes.get(&Attribute::Metadata(Cow::Borrowed(WRITE_ID)));
            own.is_some_and(|id| id.as_ref() == write_id).then(|| etag_of(&found)).flatten()
        }))
    }

    /// Starts a GET or HEAD; `None` where there is no such object.
    async fn read(&self, call: Call<'_>, options: GetOptions) -> Result<Option<GetResult>, StoreError> {
        let path = call.path()?;
        let mut tries = self.tries();
        loop {
            match self.client.get_opts(&path, options.clone()).await {
                Ok(found) => return Ok(Some(found)),
                Err(Error::NotFound { .. } | Error::Precondition { .. }) => return Ok(None),
                Err(error) => tries.again(call, error).await?,
            }
        }
    }

    /// A GET to its last byte, started over where it breaks off.
    async fn read_body(
        &self,
        call: Call<'_>,
        options: GetOptions,
    ) -> Result<Option<(ObjectHead, Bytes)>, StoreError> {
        let mut tries = self.tries();
        loop {
            let Some(found) = self.read(call, options.clone()).await? else { return Ok(None) };
            let head = head_of(call, &found)?;
            if options.range.is_none() && head.size > MAX_GET_BYTES {
                return Err(StoreError::TooLong { key: call.key.to_owned(), bytes: head.size });
            }
            match found.bytes().await {
                Ok(body) => return Ok(Some((head, body))),
                Err(error) => tries.again(call, error).await?,
            }
        }
    }

    fn tries(&self) -> Tries {
        Tries { until: Instant::now() + self.patience, made: 0 }
    }
}

impl ObjectStore for S3Store {
    async fn create(&self, key: &str, body: Bytes, attributes: &Attributes) -> Result<Created, StoreError> {
        let call = Call { operation: "create", key };
        let written = self.put(call, PutMode::Create, body, attributes).await?;
        Ok(written.map_or(Created::Exists, Created::Written))
    }

    async fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Replaced, StoreError> {
        let version = UpdateVersion { e_tag: Some(etag.as_str().to_owned()), version: None };
        let call = Call { operation: "replace", key };
        let written = self.put(call, PutMode::Update(version), body, attributes).await?;
        Ok(written.map_or(Replaced::Changed, Replaced::Written))
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let found = self.read_body(Call { operation: "get", key }, GetOptions::new()).await?;
        Ok(found.map(|(head, body)| Object { head, body }))
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, StoreError> {
        let call = Call { operation: "head", key };
        // The client's own `head` leaves the metadata out.
        let found = self.read(call, GetOptions::new().with_head(true)).await?;
        found.map(|found| head_of(call, &found)).transpose()
    }

    async fn read_range(&self, key: &str, etag: &ETag, range: Range<u64>) -> Result<RangeRead, StoreError> {
        let options = GetOptions::new()
            .with_range(Some(GetRange::Bounded(range)))
            .with_if_match(Some(etag.as_str().to_owned()));
        let found = self.read_body(Call { operation: "read", key }, options).await?;
        Ok(found.map_or(RangeRead::Changed, |(_, body)| RangeRead::Bytes(body)))
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        let call = Call { operation: "list", key: prefix };
        let mut tries = self.tries();
        loop {
            let options = PaginatedListOptions {
                offset: after.map(str::to_owned),
                max_keys: Some(MAX_LISTED_KEYS),
                ..PaginatedListOptions::default()
            };
            match self.client.list_paginated(Some(prefix).filter(|p| !p.is_empty()), options).await {
                Ok(page) => return Ok(page.result.objects.into_iter().map(listed).collect()),
                Err(error) => tries.again(call, error).await?,
            }
        }
    }
}

/// What is being done to which object, for errors.
#[derive(Clone, Copy)]
struct Call<'a> {
    operation: &'static str,
    key: &'a str,
}

impl Call<'_> {
    /// `Path::from` would rewrite the key; `parse` keeps it or refuses.
    fn path(self) -> Result<Path, StoreError> {
        check_key(self.key)?;
        Path::parse(self.key).map_err(|_| StoreError::InvalidKey { key: self.key.to_owned() })
    }

    fn no_tag(self) -> StoreError {
        self.unavailable(1, "the answer has no ETag".into())
    }

    fn unavailable(self, attempts: u32, source: BoxError) -> StoreError {
        let Self { operation, key } = self;
        StoreError::Unavailable { operation, key: key.to_owned(), attempts, source }
    }
}

/// The tries of one call. A write may be tried again after any failure, since its condition and
/// its write id make a repeat harmless.
struct Tries {
    until: Instant,
    made: u32,
}

impl Tries {
    /// Waits before the next try, or gives up with the error of the last.
    async fn again(&mut self, call: Call<'_>, error: Error) -> Result<(), StoreError> {
        let (operation, key) = (call.operation, call.key.to_owned());
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                return Err(StoreError::Denied { operation, key, source: error.into() });
            }
            Error::InvalidPath { .. } => return Err(StoreError::InvalidKey { key }),
            _ => {}
        }
        let pause = full_jitter(FIRST_PAUSE, LONGEST_PAUSE, self.made);
        self.made += 1;
        if Instant::now() + pause >= self.until {
            return Err(call.unavailable(self.made, error.into()));
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Puts the store on the process's HTTP client.
#[derive(Debug)]
struct Connector {
    endpoint_url: Option<String>,
    trusted_roots: TrustedRoots,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = https::client_builder(self.endpoint_url.as_deref(), &self.trusted_roots)
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build();
        client
            .map(HttpClient::new)
            .map_err(|source| Error::Generic { store: "HTTP client", source: source.into() })
    }
}

fn builder(bucket: &str, aws: &AwsSettings) -> AmazonS3Builder {
    let endpoint = aws.s3_endpoint_url.as_deref();
    let plain = endpoint.is_some_and(|url| url.starts_with("http://"));
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&aws.region)
        .with_client_options(ClientOptions::new().with_allow_http(plain))
        .with_http_connector(Connector {
            endpoint_url: aws.s3_endpoint_url.clone(),
            trusted_roots: aws.trusted_roots.clone(),
        })
        // A certificate for `*.s3` does not cover a bucket with dots.
        .with_virtual_hosted_style_request(endpoint.is_none() && !bucket.contains('.'))
        // object_store's retries would take our own first write for somebody else's, and a 409 for an object
        // that exists.
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() });
    if let Some(url) = endpoint {
        builder = builder.with_endpoint(url);
    }
    if let Some(keys) = &aws.credentials {
        builder =
            builder.with_access_key_id(&keys.access_key_id).with_secret_access_key(&keys.secret_access_key);
        if let Some(token) = &keys.session_token {
            builder = builder.with_token(token);
        }
    }
    builder
}

/// Whether the condition of a write did not hold: 412, or 404 for `If-Match`.
///
/// A create reports 412 as `AlreadyExists` around a `Precondition`, and a 409, which is a race and
/// proves nothing, as `AlreadyExists` alone.
fn is_precondition(error: &Error) -> bool {
    match error {
        Error::Precondition { .. } => true,
        Error::AlreadyExists { .. } => {
            let cause = error.source().and_then(|source| source.downcast_ref::<Error>());
            matches!(cause, Some(Error::Precondition { .. }))
        }
        _ => false,
    }
}

fn outgoing(attributes: &Attributes, write_id: &str) -> object_store::Attributes {
    let mut out = object_store::Attributes::new();
    let mut set = |name, value: &str| out.insert(name, AttributeValue::from(value.to_owned()));
    if let Some(content_type) = &attributes.content_type {
        set(Attribute::ContentType, content_type);
    }
    if let Some(encoding) = &attributes.content_encoding {
        set(Attribute::ContentEncoding, encoding);
    }
    for (name, value) in &attributes.metadata {
        set(Attribute::Metadata(Cow::Owned(name.clone())), value);
    }
    set(Attribute::Metadata(Cow::Borrowed(WRITE_ID)), write_id);
    out
}

fn incoming(attributes: &object_store::Attributes) -> Attributes {
    let mut found = Attributes::default();
    for (name, value) in attributes {
        let value = value.to_string();
        match name {
            Attribute::ContentType => found.content_type = Some(value),
            Attribute::ContentEncoding => found.content_encoding = Some(value),
            Attribute::Metadata(name) if name != WRITE_ID => {
                found.metadata.insert(name.to_string(), value);
            }
            _ => {}
        }
    }
    found
}

fn etag_of(found: &GetResult) -> Option<ETag> {
    found.meta.e_tag.clone().map(ETag::new)
}

fn head_of(call: Call<'_>, found: &GetResult) -> Result<ObjectHead, StoreError> {
    let etag = etag_of(found).ok_or_else(|| call.no_tag())?;
    Ok(ObjectHead { etag, size: found.meta.size, attributes: incoming(&found.attributes) })
}

fn listed(object: object_store::ObjectMeta) -> Listed {
    let modified_at_ms = object.last_modified.timestamp_millis();
    Listed { key: object.location.into(), size: object.size, modified_at_ms }
}
