//! Holds the documents of a delivery stream until each is in its index or refused: a state machine without I/O.

use std::collections::BTreeMap;

use bytes::Bytes;
use edge::opensearch::OpenSearchError;
use template::{IndexRotation, SearchIndex};

use super::bulk::{Outcome, lines, outcomes};
use super::document::Document;
use super::index_name::index_name;
use super::refusal::Refusal;
use crate::aws::clock::{Moment, milliseconds};
use crate::aws::firehose::checkpoint::Origin;
use crate::aws::firehose::retry::Retry;

/// The most requests that are under way at the same time.
const MAX_AT_ONCE: usize = 2;
/// The most documents of a request. Otherwise small documents would make answers of hundreds of megabytes.
const MAX_DOCUMENTS: usize = 10_000;

/// The kind of an error that the server gave for the whole request and not for a single document.
const WHOLE: &str = "for the whole request";

/// The settings of a delivery stream.
#[derive(Debug, Clone)]
pub(in crate::aws::firehose) struct SearchRules {
    pub(super) index: String,
    pub(super) rotation: IndexRotation,
    pub(super) gives_ids: bool,
    pub(in crate::aws::firehose) buffer_bytes: usize,
    interval_ms: Moment,
    retry_ms: Moment,
}

impl SearchRules {
    pub(in crate::aws::firehose) fn of(search: &SearchIndex) -> Self {
        Self {
            index: search.name.clone(),
            rotation: search.rotation,
            gives_ids: search.gives_ids,
            buffer_bytes: search.buffer_bytes,
            interval_ms: milliseconds(search.buffer_interval),
            retry_ms: milliseconds(search.retry),
        }
    }

    pub(super) fn index_of(&self, document: &Document) -> String {
        index_name(&self.index, self.rotation, document.arrived_at)
    }
}

/// The documents that are not in their index yet.
#[derive(Debug)]
pub(in crate::aws::firehose) struct Search {
    pub(super) rules: SearchRules,
    open: Vec<Document>,
    open_bytes: usize,
    opened: Moment,
    requests: BTreeMap<u64, Request>,
    numbered: u64,
    under_way: usize,
    held_bytes: usize,
}

/// The documents of one request, and when it is to be made. `due` is `None` while it is under way.
#[derive(Debug)]
struct Request {
    documents: Vec<Document>,
    due: Option<Moment>,
    attempts: u32,
    retry: Retry,
}

/// The result of a request.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// The stream records of the documents that are in the index.
    pub(super) indexed: Vec<Origin>,
    pub(super) refused: Vec<(Document, Refusal)>,
    /// The reason why the other documents are tried again.
    pub(super) again: Option<String>,
}

impl Search {
    pub(in crate::aws::firehose) fn new(rules: SearchRules) -> Self {
        Self {
            rules,
            open: Vec::new(),
            open_bytes: 0,
            opened: Moment::MAX,
            requests: BTreeMap::new(),
            numbered: 0,
            under_way: 0,
            held_bytes: 0,
        }
    }

    pub(super) fn push(&mut self, now: Moment, document: Document) {
        if self.open.is_empty() {
            self.opened = now;
        }
        self.held_bytes += document.held_bytes();
        self.open_bytes += document.data.len();
        self.open.push(document);
        if self.open_bytes >= self.rules.buffer_bytes || self.open.len() >= MAX_DOCUMENTS {
            self.close();
        }
    }

    /// Closes the buffer if it has waited long enough or if everything is to go, which makes a request of it.
    pub(in crate::aws::firehose) fn close_due(&mut self, now: Moment, everything: bool) {
        if !self.open.is_empty() && (everything || self.opened.saturating_add(self.rules.interval_ms) <= now)
        {
            self.close();
        }
    }

    fn close(&mut self) {
        let documents = std::mem::take(&mut self.open);
        (self.open_bytes, self.opened) = (0, Moment::MAX);
        self.enter(Request { documents, due: Some(Moment::MIN), attempts: 0, retry: Retry::default() });
    }

    fn enter(&mut self, request: Request) {
        self.requests.insert(self.numbered, request);
        self.numbered += 1;
    }

    /// Begins the oldest request that is due, unless too many are under way. Returns its number and its lines.
    pub(super) fn begin(&mut self, now: Moment) -> Option<(u64, Bytes)> {
        if self.under_way >= MAX_AT_ONCE {
            return None;
        }
        let is_due = |request: &Request| request.due.is_some_and(|due| due <= now);
        let (number, request) = self.requests.iter_mut().find(|(_, request)| is_due(request))?;
        (request.due, request.attempts) = (None, request.attempts + 1);
        self.under_way += 1;
        let rules = &self.rules;
        let body = lines(request.documents.iter(), rules.gives_ids, |document| rules.index_of(document));
        Some((*number, body))
    }

    /// Handles the answer to a request.
    pub(super) fn answered(
        &mut self,
        now: Moment,
        number: u64,
        answer: Result<Bytes, OpenSearchError>,
    ) -> Ended {
        let Some(request) = self.requests.remove(&number) else { return Ended::default() };
        self.under_way -= 1;
        let ended = match answer {
            Ok(answer) => match outcomes(&answer, request.documents.len()) {
                Some(outcomes) => self.each(now, request, outcomes),
                None => self.all(now, request, "NoAnswer", "the answer does not speak of every document"),
            },
            Err(OpenSearchError::Refused { status: 400 | 413, .. }) if request.documents.len() > 1 => {
                self.halve(request);
                Ended::default()
            }
            Err(OpenSearchError::Refused { status: status @ (400 | 413), reason }) => {
                let (code, kind) = (status.to_string(), WHOLE.to_owned());
                refuse(request, &Refusal { attempts: 0, code, reason, kind })
            }
            Err(error) => {
                let code = match &error {
                    OpenSearchError::Refused { status, .. } => status.to_string(),
                    _ => "NoAnswer".to_owned(),
                };
                self.all(now, request, &code, &edge::logging::chain(&error))
            }
        };
        let gone = ended.refused.iter().map(|(document, _)| document.held_bytes()).sum::<usize>();
        self.held_bytes -= gone;
        ended
    }

    /// Splits a request in two. Either one document makes the server refuse it, or it is too large for the server.
    fn halve(&mut self, mut request: Request) {
        let half = request.documents.split_off(request.documents.len() / 2);
        for documents in [request.documents, half] {
            let retry = Retry::default();
            self.enter(Request { documents, due: Some(Moment::MIN), attempts: request.attempts, retry });
        }
    }

    /// Handles a failure of the whole request, after which nothing is known of its documents.
    fn all(&mut self, now: Moment, request: Request, code: &str, reason: &str) -> Ended {
        let documents = request.documents.len();
        let failed = Outcome::Failed { status: 0, kind: WHOLE.to_owned(), reason: reason.to_owned() };
        let mut ended = self.each(now, request, vec![failed; documents]);
        for (_, refusal) in &mut ended.refused {
            code.clone_into(&mut refusal.code);
        }
        ended.again = ended.again.map(|_| reason.to_owned());
        ended
    }

    /// Handles the outcome of each document.
    fn each(&mut self, now: Moment, mut request: Request, outcomes: Vec<Outcome>) -> Ended {
        let mut ended = Ended::default();
        let mut again = Vec::new();
        for (document, outcome) in std::mem::take(&mut request.documents).into_iter().zip(outcomes) {
            match outcome {
                Outcome::Indexed => {
                    self.held_bytes -= document.held_bytes();
                    ended.indexed.push(document.origin);
                }
                Outcome::Failed { status, kind, reason } => {
                    let attempts = request.attempts;
                    let refusal = Refusal { attempts, code: status.to_string(), reason, kind };
                    let list = if Outcome::may_change(status) { &mut again } else { &mut ended.refused };
                    list.push((document, refusal));
                }
            }
        }
        if let Some((_, first)) = again.first() {
            let told = format!("{} documents, {} {}", again.len(), first.code, first.kind);
            match request.retry.failed_within(now, self.rules.retry_ms) {
                Some(due) => {
                    let documents = again.into_iter().map(|(document, _)| document).collect();
                    self.enter(Request { documents, due: Some(due), ..request });
                    ended.again = Some(told);
                }
                None => ended.refused.extend(again),
            }
        }
        ended
    }

    /// The next time at which something is to be done.
    pub(in crate::aws::firehose) fn due(&self) -> Option<Moment> {
        let open = (!self.open.is_empty()).then(|| self.opened.saturating_add(self.rules.interval_ms));
        let requests = self.requests.values().filter_map(|request| request.due).min();
        let requests = requests.filter(|_| self.under_way < MAX_AT_ONCE);
        open.into_iter().chain(requests).min()
    }

    /// The memory that the documents need, in bytes.
    pub(in crate::aws::firehose) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Whether no request is under way or waiting to be tried.
    pub(in crate::aws::firehose) fn is_idle(&self) -> bool {
        self.requests.is_empty()
    }
}

/// Refuses every document of a request for one reason.
fn refuse(request: Request, refusal: &Refusal) -> Ended {
    let attempts = request.attempts;
    let refused = request.documents.into_iter();
    let refused = refused.map(|document| (document, Refusal { attempts, ..refusal.clone() })).collect();
    Ended { refused, ..Ended::default() }
}
