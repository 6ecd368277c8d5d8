//! Sends failed records again, unchanged or corrected: one record, or all records with one reason.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Item, Wanted, item, newest};
use crate::page::answer::{Answer, Refusal};
use crate::page::api::check::Check;
use crate::page::api::shared::Shared;
use crate::page::body::Body;
use crate::page::put::{MAX_RECORDS, NewRecord, Placed, put};
use crate::page::scene::Scene;

/// The most problems of a redrive that its answer lists.
const MAX_PROBLEMS: usize = 20;

/// How one record is sent again. Without a payload it is sent unchanged.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page::api) struct Send {
    text: Option<String>,
    base64: Option<String>,
    key: Option<String>,
    dry_run: bool,
    /// Whether to send it even if its schema refuses it.
    anyway: bool,
}

/// Which records are sent again, all of them unchanged.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::page::api) struct Redrive {
    exit: Option<String>,
    reason: Option<String>,
    dry_run: bool,
    anyway: bool,
}

/// Reads the payload of a request, which is text or base64.
pub(in crate::page::api) fn payload(
    text: Option<String>,
    base64: Option<String>,
) -> Result<Option<Bytes>, Refusal> {
    match (text, base64) {
        (None, None) => Ok(None),
        (Some(text), None) => Ok(Some(text.into())),
        (None, Some(base64)) => match STANDARD.decode(base64) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) => Err(Refusal::bad(format!("base64 can't be read: {error}"))),
        },
        (Some(_), Some(_)) => Err(Refusal::bad("expected one of text and base64, found both")),
    }
}

/// `POST /api/failures/{id}/send`
pub(in crate::page::api) async fn one(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Body(asked): Body<Send>,
) -> Answer {
    let scene = &shared.scene;
    let item = item(scene, &id).await?;
    let Some(data) = payload(asked.text, asked.base64)?.or_else(|| item.payload.clone()) else {
        return Err(Refusal::conflict(format!("failure {id:?} has no payload: only its place is kept")));
    };
    let check = Check::of(scene, &item.stream, &data);
    let is_ok = check.as_ref().is_none_or(Check::is_ok);
    let told = check.as_ref().map_or(Value::Null, Check::json);
    if asked.dry_run {
        return Ok(Json(json!({ "dry_run": true, "check": told, "put": null })));
    }
    if let (false, false, Some(Check::Refused { message, .. })) = (is_ok, asked.anyway, &check) {
        return Err(Refusal::conflict(format!(
            "the schema still refuses the payload: {message}; send it with anyway: true all the same"
        )));
    }
    let record = NewRecord { key: key(asked.key, &item), data };
    let placed = put_one(scene, &item.stream, record).await?;
    shared.links.link(&id, item.was(), &placed);
    Ok(Json(json!({ "dry_run": false, "check": told, "put": placed })))
}

fn key(asked: Option<String>, item: &Item) -> String {
    let known = asked.or_else(|| item.key.clone()).filter(|key| !key.is_empty());
    known.unwrap_or_else(|| Uuid::new_v4().to_string())
}

async fn put_one(scene: &Scene, stream: &str, record: NewRecord) -> Result<Placed, Refusal> {
    let placed = put(scene, stream, &[record]).await?.pop();
    placed
        .unwrap_or_else(|| Err("it gave no answer".to_owned()))
        .map_err(|reason| Refusal::conflict(format!("stream {stream} did not take the record: {reason}")))
}

/// What a redrive did, in numbers of records.
#[derive(Debug, Default)]
struct Redriven {
    matched: usize,
    ok: usize,
    refused: usize,
    sent: usize,
    problems: Vec<String>,
}

/// `POST /api/failures/redrive`
pub(in crate::page::api) async fn all(
    State(shared): State<Arc<Shared>>,
    Body(asked): Body<Redrive>,
) -> Answer {
    let wanted = Wanted::of(asked.exit.as_deref(), asked.reason.as_deref())?;
    let scene = &shared.scene;
    let newest = newest(scene);
    let known = shared.reasons.know(scene, &newest).await;
    let mut done = Redriven::default();
    for found in newest.iter().filter(|found| wanted.wants(found, &known)) {
        let room = MAX_RECORDS.saturating_sub(done.matched);
        if room == 0 {
            break;
        }
        match found.items(scene, 0, room).await {
            Ok(items) => {
                for item in items.iter().filter(|item| shared.links.sent(&item.id).is_empty()) {
                    redrive(&shared, item, &asked, &mut done).await;
                }
            }
            Err(refusal) => tell(&mut done, refusal.reason().to_owned()),
        }
    }
    let Redriven { matched, ok, refused, sent, problems } = done;
    Ok(Json(json!({
        "dry_run": asked.dry_run,
        "matched": matched,
        "ok": ok,
        "refused": refused,
        "sent": sent,
        "problems": problems,
        "limit": MAX_RECORDS,
    })))
}

async fn redrive(shared: &Shared, item: &Item, asked: &Redrive, done: &mut Redriven) {
    done.matched += 1;
    let scene = &shared.scene;
    let Some(data) = item.payload.clone() else {
        done.refused += 1;
        return tell(done, format!("{}: {}", item.id, item.reason.message));
    };
    let check = Check::of(scene, &item.stream, &data);
    if check.as_ref().is_none_or(Check::is_ok) {
        done.ok += 1;
    } else {
        done.refused += 1;
        if let Some(Check::Refused { message, .. }) = check {
            tell(done, format!("{}: {message}", item.id));
        }
        if !asked.anyway {
            return;
        }
    }
    if asked.dry_run {
        return;
    }
    let record = NewRecord { key: key(None, item), data };
    match put_one(scene, &item.stream, record).await {
        Ok(placed) => {
            shared.links.link(&item.id, item.was(), &placed);
            done.sent += 1;
        }
        Err(refusal) => tell(done, format!("{}: {}", item.id, refusal.reason())),
    }
}

fn tell(done: &mut Redriven, problem: String) {
    if done.problems.len() < MAX_PROBLEMS {
        done.problems.push(problem);
    }
}
