//! The API under `/api/`, with a file for each thing that can be asked for or done.

mod check;
mod compose;
mod data;
pub(super) mod events;
mod failures;
mod lanes;
mod objects;
mod record;
mod row;
pub(super) mod shared;
mod tail;
mod topology;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::answer::Refusal;
use shared::Shared;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/topology", get(topology::topology))
        .route("/streams/{stream}/tail", get(tail::tail))
        .route("/functions/{function}/invocations", get(lanes::list))
        .route("/functions/{function}/invoke", post(lanes::invoke))
        .route("/invocations/{seq}", get(lanes::one))
        .route("/invocations/{seq}/again", post(lanes::again))
        .route("/failures", get(failures::list))
        .route("/failures/redrive", post(failures::send::all))
        .route("/failures/{id}", get(failures::one))
        .route("/failures/{id}/send", post(failures::send::one))
        .route("/record", get(record::record))
        .route("/find", get(record::find))
        .route("/put", post(compose::put_records))
        .route("/compose/sample", get(compose::sample))
        .route("/compose/event", get(compose::event))
        .route("/data", get(data::list))
        .route("/data/{data_set}", get(data::one))
        .route("/objects", get(objects::list))
        .route("/object", get(objects::one))
        .fallback(async || Refusal::not_found("there is nothing at this address of the API"))
}
