//! The documents of a delivery stream until each is in its index or refused: a state machine without input or output.

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

/// Requests that are made at once.
const MAX_AT_ONCE: usize = 2;
/// Most documents of a request, so that small ones make no answer of hundreds of megabytes.
const MAX_DOCUMENTS: usize = 10_000;

/// What is told where the server said nothing of any single document.
const WHOLE: &str = "for the whole request";

/// What a delivery stream goes by.
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

/// The documents that are not done.
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

/// The documents of one request, and when it is made; `None` while it is.
#[derive(Debug)]
struct Request {
    documents: Vec<Document>,
    due: Option<Moment>,
    attempts: u32,
    retry: Retry,
}

/// What an answer comes to.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// The stream records of the documents that are in the index.
    pub(super) indexed: Vec<Origin>,
    pub(super) refused: Vec<(Document, Refusal)>,
    /// Why the rest is tried again.
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

    /// Makes a request of what has waited long enough, or of everything.
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

    /// The next request that may be made now, oldest first.
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

    /// Takes in what came of a request.
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

    /// One document spoils the request, or the request is too large for the server: its halves are tried.
    fn halve(&mut self, mut request: Request) {
        let half = request.documents.split_off(request.documents.len() / 2);
        for documents in [request.documents, half] {
            let retry = Retry::default();
            self.enter(Request { documents, due: Some(Moment::MIN), attempts: request.attempts, retry });
        }
    }

    /// Nothing is known of any document of the request.
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

    /// Each document has an outcome of its own.
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

    /// When something is to be done next.
    pub(in crate::aws::firehose) fn due(&self) -> Option<Moment> {
        let open = (!self.open.is_empty()).then(|| self.opened.saturating_add(self.rules.interval_ms));
        let requests = self.requests.values().filter_map(|request| request.due).min();
        let requests = requests.filter(|_| self.under_way < MAX_AT_ONCE);
        open.into_iter().chain(requests).min()
    }

    /// How much memory the documents hold.
    pub(in crate::aws::firehose) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Whether no request is made or waits for its next try.
    pub(in crate::aws::firehose) fn is_idle(&self) -> bool {
        self.requests.is_empty()
    }
}

/// Every document of a request is refused, for one reason.
fn refuse(request: Request, refusal: &Refusal) -> Ended {
    let attempts = request.attempts;
    let refused = request.documents.into_iter();
    let refused = refused.map(|document| (document, Refusal { attempts, ..refusal.clone() })).collect();
    Ended { refused, ..Ended::default() }
}
