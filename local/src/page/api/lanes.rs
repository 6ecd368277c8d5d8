//! The invocations of functions: as bars on an axis of time, one in detail, and made again.

use std::collections::VecDeque;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::row::Shown;
use super::shared::Shared;
use crate::aws::kinesis::store::blocking;
use crate::aws::lambda::{Invocation, Invoke};
use crate::page::answer::{Answer, Refusal};
use crate::page::body::Body;
use crate::page::query::Query;
use crate::page::watch::invocations::Invoked;

/// The most bytes of an event, an answer or a log that are shown.
const MAX_SHOWN: usize = 256 << 10;
/// The beginnings of the lines that the runner itself writes into a function's log.
const OWN_LINES: [&str; 3] = ["START RequestId: ", "END RequestId: ", "REPORT RequestId: "];

/// The number of newest requests by hand that are remembered.
const KNOWN: usize = 1_000;

/// The request ids of the newest invocations that somebody made on the page.
#[derive(Debug, Default)]
pub(crate) struct ByHand(Mutex<VecDeque<String>>);

impl ByHand {
    fn note(&self, request_id: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.pop_front();
        }
        known.push_back(request_id.to_owned());
    }

    /// Whether somebody made this request on the page.
    pub(super) fn made(&self, request_id: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|known| known == request_id)
    }
}

/// `GET /api/functions/{function}/invocations`
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Path(function): Path<String>,
    query: Query,
) -> Answer {
    shared.scene.function(&function)?;
    let after = query.number("after")?.unwrap_or(0);
    let limit = query.limit(500, 500)?;
    Ok(Json(shared.scene.watch.look(|seen| {
        let kept = seen.invocations.kept_of(&function);
        let found = seen.invocations.of(&function, after);
        let items: Vec<Value> = found.take(limit).map(|(seq, invoked)| bar(seq, invoked)).collect();
        let dropped = seen.invocations.tally(&function).invocations - kept as u64;
        json!({ "items": items, "kept": kept, "dropped": dropped })
    })))
}

/// An invocation as a bar on an axis of time.
pub(super) fn bar(seq: u64, invoked: &Invoked) -> Value {
    let end = invoked.end.as_ref();
    json!({
        "seq": seq,
        "id": &*invoked.request_id,
        "function": &*invoked.function,
        "environment": invoked.environment,
        "started_ms": invoked.started_ms,
        "took_ms": end.map(|end| milliseconds(end.took)),
        "cold": invoked.cold,
        "error": end.and_then(|end| end.error.as_ref()),
        "batch": invoked.batch,
        "event_bytes": invoked.event_bytes,
        "for": invoked.sender.as_str(),
    })
}

/// Converts a duration to milliseconds with one decimal, since many invocations take less than one.
fn milliseconds(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 10_000.0).round() / 10.0
}

/// `GET /api/invocations/{seq}`
pub(super) async fn one(State(shared): State<Arc<Shared>>, Path(seq): Path<u64>) -> Answer {
    let (invoked, is_alone) = shared.scene.watch.look(|seen| {
        let invoked = seen.invocations.get(seq).cloned().ok_or_else(|| gone(seq))?;
        let is_alone = !seen.invocations.of(&invoked.function, 0).any(|(other, beside)| {
            other != seq && beside.environment != invoked.environment && overlap(beside, &invoked)
        });
        Ok::<_, Refusal>((invoked, is_alone))
    })?;
    let log = shared.scene.log_of(&invoked.function);
    let mut answer = bar(seq, &invoked);
    let told = text(invoked.end.as_ref().and_then(|end| end.answer.as_ref()));
    let event = text(invoked.event.as_ref());
    let lines = blocking(move || lines(&log, &invoked)).await;
    if let Some(members) = answer.as_object_mut() {
        members.insert("event".to_owned(), event);
        members.insert("answer".to_owned(), told);
        let (lines, cut) = lines;
        members.insert("log".to_owned(), json!({ "lines": lines, "cut": cut, "mixed": !is_alone }));
    }
    Ok(Json(answer))
}

fn gone(seq: u64) -> Refusal {
    Refusal::not_found(format!("invocation {seq} is not kept: the newest 500 of each function are"))
}

/// Whether the log lines of two invocations may be mixed.
fn overlap(one: &Invoked, other: &Invoked) -> bool {
    let end = |invoked: &Invoked| invoked.end.as_ref().map_or(u64::MAX, |end| end.log_to);
    one.log_from < end(other) && other.log_from < end(one)
}

fn text(body: Option<&Bytes>) -> Value {
    body.map_or(Value::Null, |body| {
        let Shown { text, hex, cut } = Shown::of(body, MAX_SHOWN);
        json!({ "text": text.or(hex), "cut": cut })
    })
}

/// Returns the lines that were logged during an invocation, without lines of the runner that name another one, and
/// whether the log is longer.
fn lines(log: &FilePath, invoked: &Invoked) -> (Vec<String>, bool) {
    let to = invoked.end.as_ref().map_or(u64::MAX, |end| end.log_to);
    let length = usize::try_from(to.saturating_sub(invoked.log_from)).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    let read = std::fs::File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(invoked.log_from))?;
        file.take(length.min(MAX_SHOWN) as u64).read_to_end(&mut bytes)
    });
    if let Err(error) = read {
        return (vec![format!("log {} can't be read: {error}", log.display())], false);
    }
    let is_others = |line: &str| {
        let own = OWN_LINES.iter().find_map(|own| line.strip_prefix(own));
        own.is_some_and(|rest| !rest.starts_with(&*invoked.request_id))
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter(|line| !line.is_empty() && !is_others(line)).map(str::to_owned);
    (lines.collect(), length > MAX_SHOWN && bytes.len() == MAX_SHOWN)
}

/// The event with which a function is to be invoked.
#[derive(Deserialize)]
pub(super) struct Asked {
    /// An event in JSON, which is passed on unchanged.
    event: Option<Box<RawValue>>,
    /// A text that need not be JSON.
    text: Option<String>,
}

/// `POST /api/functions/{function}/invoke`
pub(super) async fn invoke(
    State(shared): State<Arc<Shared>>,
    Path(function): Path<String>,
    Body(asked): Body<Asked>,
) -> Answer {
    let event = match (asked.text, asked.event) {
        (Some(text), None) => Bytes::from(text),
        (None, Some(event)) => Bytes::from(event.get().to_owned()),
        _ => return Err(Refusal::bad("expected one of event, which is JSON, and text")),
    };
    run(&shared, &function, event).await
}

/// `POST /api/invocations/{seq}/again`
pub(super) async fn again(State(shared): State<Arc<Shared>>, Path(seq): Path<u64>) -> Answer {
    let found = shared.scene.watch.look(|seen| {
        seen.invocations.get(seq).map(|invoked| (invoked.function.to_string(), invoked.event.clone()))
    });
    let (function, event) = found.ok_or_else(|| gone(seq))?;
    let Some(event) = event else {
        return Err(Refusal::conflict(format!(
            "the event of invocation {seq} is not kept any more: 12 MiB of the newest are"
        )));
    };
    run(&shared, &function, event).await
}

async fn run(shared: &Shared, name: &str, event: Bytes) -> Answer {
    let function = Arc::clone(shared.scene.function(name)?);
    let request_id = Uuid::new_v4().to_string();
    let begun = Instant::now();
    shared.by_hand.note(&request_id);
    let invocation = Invocation { request_id: request_id.clone(), event };
    // The invocation goes on if the browser goes away.
    let invoked = tokio::spawn(async move { Invoke::invoke(&*function, invocation).await });
    let result = invoked.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    let took_ms = milliseconds(begun.elapsed());
    let seq =
        shared.scene.watch.look(|seen| seen.invocations.of_request(name, &request_id).map(|(seq, _)| seq));
    Ok(Json(json!({
        "seq": seq,
        "id": request_id,
        "took_ms": took_ms,
        "error": result.as_ref().err().map(ToString::to_string),
        "answer": text(result.as_ref().ok()),
    })))
}

impl crate::page::scene::Scene {
    /// The path of a function's log.
    fn log_of(&self, function: &str) -> PathBuf {
        self.data_dir.join("logs").join(format!("{function}.log"))
    }
}
