//! The page of a run: what happens is shown, looked into and mended in a browser of this machine.
//!
//! | room | what is there |
//! |---|---|
//! | `watch` | a fold of the run's events, whose size is bounded: invocations, objects, failures, warnings |
//! | `scene` | everything of a run that the page reads: streams, ledger, functions, schemas, the fold |
//! | `frame` | the totals of a moment, as `/events` tells them |
//! | `api` | a file for each thing that is asked or done under `/api/` |
//! | `assets` | the page itself: plain modules, compiled in |
//! | `server` | who is answered, and with which headers |
//!
//! The numbers are the ledger's and the streams', so that they add up to the report. Nothing that a record holds is
//! HTML anywhere: it is sent as JSON, and the page's policy lets no text become markup.

mod answer;
mod api;
mod assets;
mod body;
mod frame;
mod put;
mod query;
mod scene;
mod server;
pub(crate) mod watch;

pub(crate) use scene::Scene;
pub(crate) use server::Page;
pub(crate) use watch::{RunPhase, Watch};
