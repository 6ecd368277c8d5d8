//! `/events`: the totals, several times a second, as server-sent events.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::convert::Infallible;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Sse};
use futures::StreamExt;
use futures::stream;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::shared::Shared;
use crate::aws::clock::now_ms;
use crate::aws::kinesis::store::blocking;
use crate::page::answer::Refusal;

/// The time between two frames.
const EVERY: Duration = Duration::from_millis(200);
/// How long a browser that lost its connection waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);
/// The time between two keep-alive comments while there is no new frame.
const ALIVE: Duration = Duration::from_secs(10);
/// The most listeners of `/events` at a time.
const MAX_LISTENERS: usize = 32;

/// The channels of a listener: the newest frame, and whether the run has ended.
type Told = (watch::Receiver<Arc<str>>, watch::Receiver<bool>);

/// `GET /events`: sends frames until the run ends. A slow browser misses frames, and its next one is complete again.
pub(crate) async fn events(State(shared): State<Arc<Shared>>) -> Result<impl IntoResponse, Refusal> {
    if shared.newest.receiver_count() >= MAX_LISTENERS {
        return Err(Refusal::busy(format!("{MAX_LISTENERS} browsers are told already, the limit")));
    }
    let mut frames = shared.newest.subscribe();
    frames.mark_changed();
    let told: Told = (frames, shared.ended.subscribe());
    shared.came.notify_one();
    let frames = stream::unfold(told, next);
    let first = stream::once(async { Event::default().retry(RETRY).comment("kinflow") });
    let alive = KeepAlive::new().interval(ALIVE).text("still here");
    Ok(Sse::new(first.chain(frames).map(Ok::<_, Infallible>)).keep_alive(alive))
}

/// Waits for the next frame. The last frame is still sent before the end.
async fn next((mut frames, mut ended): Told) -> Option<(Event, Told)> {
    loop {
        tokio::select! {
            biased;
            changed = frames.changed() => changed.ok()?,
            _ = ended.wait_for(|ended| *ended) => return None,
        }
        let frame = Arc::clone(&frames.borrow_and_update());
        if !frame.is_empty() {
            return Some((Event::default().event("totals").data(&*frame), (frames, ended)));
        }
    }
}

/// Makes frames while anybody listens, until its task is aborted.
pub(crate) async fn tell(shared: Arc<Shared>) {
    let mut clock = tokio::time::interval(EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = String::new();
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            () = shared.came.notified() => told.clear(),
        }
        if shared.newest.receiver_count() > 0 {
            let body = frame(&shared).await;
            if body != told {
                shared.newest.send_replace(stamped(&body));
                told = body;
            }
        }
    }
}

/// Sends the last frame, and ends the connection of every listener.
pub(crate) async fn tell_the_end(shared: &Arc<Shared>) {
    if shared.newest.receiver_count() > 0 {
        let last = frame(shared).await;
        shared.newest.send_replace(stamped(&last));
    }
    shared.ended.send_replace(true);
}

/// Makes a frame without its time, so that two frames of an idle run are equal.
async fn frame(shared: &Arc<Shared>) -> String {
    let shared = Arc::clone(shared);
    blocking(move || {
        let totals = shared.frames.lock().unwrap_or_else(PoisonError::into_inner).next(&shared.scene);
        serde_json::to_string(&totals).unwrap_or_default()
    })
    .await
}

fn stamped(body: &str) -> Arc<str> {
    let members = body.strip_prefix('{').unwrap_or_default();
    if members.is_empty() { "".into() } else { format!("{{\"at_ms\":{},{members}", now_ms()).into() }
}
