//! Reads a delivery stream to OpenSearch.

use std::time::Duration;

use super::deliveries::objects;
use super::processors::processors;
use super::properties::Properties;
use super::stop::Read;
use super::{DeliveryStream, kinds};

/// The index of a delivery stream to OpenSearch, and how documents are sent to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchIndex {
    /// The index's name, without the suffix of the rotation.
    pub name: String,
    /// When another index begins.
    pub rotation: IndexRotation,
    /// Whether a document has an id that is the same in every attempt. Without one, a second attempt stores it twice.
    pub gives_ids: bool,
    /// How long a document is tried. With 0 it is tried once.
    pub retry: Duration,
    /// How many bytes fill a request.
    pub buffer_bytes: usize,
    /// The longest time until a request is made.
    pub buffer_interval: Duration,
}

/// How often a delivery stream to OpenSearch begins another index, by the arrival of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexRotation {
    /// Never.
    None,
    /// Each hour of UTC.
    Hour,
    /// Each day of UTC.
    Day,
    /// Each week of UTC.
    Week,
    /// Each month of UTC.
    Month,
}

/// A domain, a domain under its older name, and a collection. Their properties are alike, as far as they are read here.
const DESTINATIONS: [&str; 3] = [
    "AmazonopensearchserviceDestinationConfiguration",
    "ElasticsearchDestinationConfiguration",
    "AmazonOpenSearchServerlessDestinationConfiguration",
];

/// The properties of the OpenSearch destination, if the delivery stream has one.
pub(super) fn destination<'s>(properties: &Properties<'s>) -> Read<Option<Properties<'s>>> {
    for name in DESTINATIONS {
        let search = properties.child(name)?;
        if !search.is_absent() {
            search.without_effect(&kinds::DESTINATION);
            search.without_effect(&kinds::SEARCH);
            return Ok(Some(search));
        }
    }
    Ok(None)
}

pub(super) fn delivery(name: String, stream: String, search: &Properties<'_>) -> Read<DeliveryStream> {
    let s3 = search.child("S3Configuration")?;
    s3.without_effect(&kinds::DESTINATION);
    let objects = objects(&s3)?;
    let processors = processors(&search.child("ProcessingConfiguration")?)?;
    let keeps_all = match search.text("S3BackupMode")?.as_deref() {
        None | Some("FailedDocumentsOnly") => false,
        Some("AllDocuments") => true,
        Some(other) => {
            let problem = format!("is {other:?}, expected FailedDocumentsOnly or AllDocuments");
            return Err(search.malformed("S3BackupMode", &problem));
        }
    };
    Ok(DeliveryStream {
        name,
        stream,
        bucket: objects.bucket.clone(),
        prefix: objects.prefix.clone(),
        error_prefix: s3.text("ErrorOutputPrefix")?.unwrap_or_default(),
        file_extension: String::new(),
        time_zone: super::properties::UTC.to_owned(),
        buffer_bytes: objects.buffer_bytes,
        buffer_interval: objects.buffer_interval,
        compression: objects.compression,
        dynamic_partitioning: false,
        processing: processors.lambda,
        record_delimiter: None,
        backup: keeps_all.then_some(objects),
        search: Some(index(search)?),
    })
}

/// <https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonopensearchserviceDestinationConfiguration.html>
fn index(search: &Properties<'_>) -> Read<SearchIndex> {
    let hints = search.child("BufferingHints")?;
    let megabytes = hints.number("SizeInMBs", 5, (1, 100))?;
    let ids = search.child("DocumentIdOptions")?.text("DefaultDocumentIdFormat")?;
    let gives_ids = match ids.as_deref() {
        None | Some("FIREHOSE_DEFAULT") => true,
        Some("NO_DOCUMENT_ID") => false,
        Some(other) => {
            let problem = format!("is {other:?}, expected FIREHOSE_DEFAULT or NO_DOCUMENT_ID");
            return Err(search.malformed("DocumentIdOptions.DefaultDocumentIdFormat", &problem));
        }
    };
    Ok(SearchIndex {
        name: search.required_text("IndexName")?,
        rotation: rotation(search)?,
        gives_ids,
        retry: search.child("RetryOptions")?.seconds("DurationInSeconds", 300, (0, 7_200))?,
        buffer_bytes: usize::try_from(megabytes << 20).unwrap_or(5 << 20),
        buffer_interval: hints.seconds("IntervalInSeconds", 300, (0, 900))?,
    })
}

fn rotation(search: &Properties<'_>) -> Read<IndexRotation> {
    match search.text("IndexRotationPeriod")?.as_deref() {
        Some("NoRotation") => Ok(IndexRotation::None),
        Some("OneHour") => Ok(IndexRotation::Hour),
        // This is a domain's default. A collection has no rotation.
        None | Some("OneDay") => Ok(IndexRotation::Day),
        Some("OneWeek") => Ok(IndexRotation::Week),
        Some("OneMonth") => Ok(IndexRotation::Month),
        Some(other) => {
            let problem = format!("is {other:?}, expected NoRotation, OneHour, OneDay, OneWeek or OneMonth");
            Err(search.malformed("IndexRotationPeriod", &problem))
        }
    }
}
