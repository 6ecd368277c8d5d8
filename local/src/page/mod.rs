//! The page of a run: it shows in a browser on this machine what happens, and lets people examine and correct it.
//!
//! | room | what is there |
//! |---|---|
//! | `watch` | a fold of the run's events, whose size is bounded: invocations, objects, failures, warnings |
//! | `scene` | everything of a run that the page reads: streams, ledger, functions, schemas, the fold |
//! | `frame` | the totals at one moment, which `/events` sends |
//! | `api` | a file for each thing that can be asked for or done under `/api/` |
//! | `assets` | the page itself: plain JavaScript modules, which are compiled in |
//! | `server` | which requests are answered, and with which headers |
//!
//! The numbers come from the ledger and the streams, so that they agree with the report. The content of a record is
//! never HTML: it is sent as JSON, and the page's policy lets no text become markup.

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
