//! Reads everything that failed, object by object, in the order of the keys.

use std::fs;
use std::future::ready;

use clap::Args;
use edge::clock::since_epoch_ms;
use edge::logging::chain;
use edge::store::{StoreError, list_all};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use record_model::layout::ReasonsKey;

use super::item::{By, Item, Source};
use super::reasons::Reasons;
use crate::failed::{self, GivenUp};
use crate::place::Bucket;
use crate::tail::when::Moment;

/// The number of objects that are read at the same time.
pub(super) const AT_ONCE: usize = 64;
/// The beginnings of the keys of failures, in the order of keys. `record_model::layout` defines those of kinflow.
const ROOTS: [&str; 3] = [BATCHES, "failed/", "quarantine/"];
const BATCHES: &str = "aws/lambda/";

/// Chooses among the failures.
#[derive(Debug, Clone, Args)]
pub(crate) struct FilterArguments {
    /// Only failures with this reason, by its first word, such as `bad_field`
    #[arg(long, value_name = "KIND")]
    pub(crate) reason: Option<String>,
    /// Only failures that were put aside since: 1h (ago) or @2026-11-25T10:00
    #[arg(long, value_parser = Moment::parse_end, value_name = "WHEN")]
    pub(crate) since: Option<Moment>,
    /// Only failures of this function
    #[arg(long, value_enum, value_name = "FUNCTION")]
    pub(crate) function: Option<By>,
    /// Only failures of this data set; for batches that were given up, this is the stream
    #[arg(long, value_name = "NAME")]
    pub(crate) data_set: Option<String>,
}

/// The contents of one object or file, or the reason why it can't be read.
pub(crate) struct Looked {
    pub(crate) place: String,
    pub(crate) items: Result<Vec<Item>, String>,
}

impl FilterArguments {
    /// Whether the filter accepts what was put aside at this time.
    fn takes_time(&self, at_ms: i64, now_ms: i64) -> bool {
        self.since.as_ref().and_then(|since| since.end_ms(now_ms)).is_none_or(|since| at_ms >= since)
    }

    /// Whether the filter accepts an item.
    pub(crate) fn takes(&self, item: &Item) -> bool {
        self.reason.as_ref().is_none_or(|kind| item.reason.kind == *kind)
            && self.function.is_none_or(|by| item.by == by)
            && self.data_set.as_ref().is_none_or(|name| item.data_set == *name)
    }
}

/// The part of a bucket's failures to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// The batches that Lambda gave up.
    Batches,
    /// Everything else.
    Records,
}

impl Part {
    /// The beginnings of the keys in this part of a bucket.
    fn prefixes(self, of: &str) -> Vec<&str> {
        let roots = if of.is_empty() { ROOTS.to_vec() } else { vec![of] };
        let is_batches = |root: &&str| root.starts_with(BATCHES);
        match self {
            Self::All => roots,
            Self::Batches => roots.into_iter().filter(is_batches).collect(),
            Self::Records => roots.into_iter().filter(|root| !is_batches(root)).collect(),
        }
    }
}

/// Reads every failure in a part of a bucket that the filter accepts. `reasons` must have the transform's reasons
/// already.
/// An object that can't be read is returned with its error, and one that contains no failure is left out.
pub(crate) fn in_bucket<'a>(
    (bucket, part): (&'a Bucket, Part),
    filter: &'a FilterArguments,
    reasons: &'a mut Reasons,
    now_ms: i64,
) -> BoxStream<'a, Result<Looked, StoreError>> {
    let objects =
        stream::iter(part.prefixes(&bucket.prefix)).flat_map(move |prefix| list_all(&bucket.store, prefix));
    let objects = objects.try_filter(move |listed| {
        let is_reason = ReasonsKey::parse(&listed.key).is_some();
        ready(!is_reason && filter.takes_time(listed.modified_at_ms, now_ms))
    });
    let read = objects.map_ok(move |listed| async move {
        let source = Source::from(listed);
        let body = bucket.body(&source.place).await;
        Ok::<_, StoreError>((source, body))
    });
    let looked = read.try_buffered(AT_ONCE).map_ok(move |(source, body)| match body {
        Ok(Some(body)) => look_at(source, &body, filter, reasons),
        Ok(None) => Some(Looked { place: source.place, items: Ok(Vec::new()) }),
        Err(error) => Some(Looked { place: source.place, items: Err(chain(&error)) }),
    });
    looked.try_filter_map(|looked| ready(Ok(looked))).boxed()
}

fn look_at(source: Source, bytes: &[u8], filter: &FilterArguments, reasons: &mut Reasons) -> Option<Looked> {
    let items = match failed::opened(bytes) {
        Ok(bytes) => {
            let items = Item::all_of(&source, &bytes, reasons)?;
            Ok(items.into_iter().filter(|item| filter.takes(item)).collect())
        }
        Err(error) => Err(error.to_string()),
    };
    Some(Looked { place: source.place, items })
}

/// Reads a file: any form of failure, or documents of a queue or a topic.
pub(crate) fn in_file(path: &std::path::Path, filter: &FilterArguments, now_ms: i64) -> Looked {
    let place = path.display().to_string();
    let items = items_of_file(path, &place);
    let takes = |item: &Item| filter.takes_time(item.at_ms, now_ms) && filter.takes(item);
    Looked { place, items: items.map(|items| items.into_iter().filter(takes).collect()) }
}

fn items_of_file(path: &std::path::Path, place: &str) -> Result<Vec<Item>, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let at_ms = fs::metadata(path).and_then(|metadata| metadata.modified()).map_or(0, since_epoch_ms);
    let bytes = failed::opened(&bytes).map_err(|error| error.to_string())?;
    let source = Source { place: place.to_owned(), at_ms };
    let documents = GivenUp::read_all(&bytes);
    if !documents.is_empty() {
        let several = documents.len() > 1;
        let item = |(line, document)| {
            let line = several.then_some(line);
            Item { line, ..Item::given_up(&source, document) }
        };
        return Ok((1..).zip(documents).map(item).collect());
    }
    Item::all_of(&source, &bytes, &mut Reasons::default()).ok_or_else(|| {
        "it holds nothing that failed; expected records put aside, a delivery stream's failures, or an on-failure document"
            .to_owned()
    })
}
