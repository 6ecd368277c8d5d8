//! The consumer: records of a Kinesis stream, enriched, into S3, each one once.
//!
//! # Delivery
//! Kinesis and Lambda deliver at least once: a batch comes again after an error, a time-out, a crash, an answer that
//! got lost, in halves after a bisect, and from the record that was reported. What follows makes of that one line
//! for each record in `enriched/`, or one copy in `quarantine/`.
//!
//! A record that can never be read is copied to quarantine under its own name, with nothing of the attempt in the
//! copy: the second copy of a record is the first one, so a 412 is success. All else that goes wrong is no record's
//! fault: what is done is written, the first record that is not is reported, and no other.
//!
//! ## `DELIVERY=batch`
//! The output object is named after the record its batch starts with. An attempt starts where the last acknowledged
//! one ended, so whatever an earlier attempt from the same start has written is not acknowledged and may go: the
//! first write is `If-None-Match: *`, and on 412 the object is replaced with `If-Match` on the `ETag` that was seen.
//! - Every attempt's bytes differ, so an `ETag` never comes back and the late write of a dead attempt finds another.
//! - An object carries when its attempt began. One that its poller has stopped waiting for, but that runs on, meets
//!   the object of a later attempt and gives way. This asks of the clocks of two environments that they agree to
//!   within the time between an attempt and its retry.
//! - A range of records that leaves no line writes its object all the same, over the lines of an earlier attempt.
//!
//! Not promised: while a batch that ran out of retries waits to be redriven, its records, and after a bisect their
//! neighbours, may be in `enriched/` too, since the object of its start holds what its first attempt wrote. Redriving
//! replaces that object. Two pollers alive at once, or a redelivery from an older checkpoint with other borders,
//! can lose and double records.
//!
//! ## `DELIVERY=ledger`
//! For those cases too. A chain of objects, each of which is created once and never replaced; an object
//! `state/ledger/<stream>/<shard>/<epoch>` holds up to which record all is decided, and the key of the next object,
//! the slot. An attempt
//! 1. reads the ledger, and the head of the slot: if the object is there, its metadata say what it decided;
//! 2. skips the records that are decided, and copies its poison records to quarantine;
//! 3. where the slot is filled, moves the ledger on by `If-Match` to a slot of its own;
//! 4. creates the object at the slot. On 412 another attempt did, and what that object covers is done, no more.
//!
//! Whoever creates the object at a slot decides what comes next, for every attempt of every poller; the ledger moves
//! on only after that. Two writes a batch, and no bytes or tokens that have to differ. It needs a
//! parallelization factor of 1. Records below the decided one are skipped, so what was given up is redriven, like a
//! deliberate replay, under a new `LEDGER_EPOCH`, which is part of the objects' names.
//!
//! Both levels need schema and settings to stay the same between an attempt and its retry: a record that becomes
//! readable in between is in quarantine and in `enriched/`.
//!
//! `tests/it/delivery_model` searches every order of steps, crashes, late writes and lost answers of both protocols, and
//! shows that it finds out a protocol that leaves any of this away; `tests/it/faults` runs this crate under seeded
//! faults, and `tests/it/processes` the binary, under the local runner.
//!
//! ## Chunks
//! Pieces of a message are kept in S3 until one record makes it whole and puts it out in its place. Two attempts at
//! one record may see different pieces, so the first verdict on a record, that it waits or that it claims the
//! message, is kept and stands.
//!
//! # The output line
//! One JSON object a line, UTF-8, version 1; members may be added, none changes its meaning within a version.
//!
//! | member | what |
//! |---|---|
//! | `version` | 1 |
//! | `id` | `<stream>:<shard>:<sequence>:<sub>`, unique; `sub` is 0 where the record is not aggregated |
//! | `stream`, `partition_key` | where the record was put; of an aggregate, the user record's own key |
//! | `arrived_at` | when Kinesis took it, ISO 8601 in UTC with milliseconds |
//! | `event_time` | when it happened by the schema's field, in the same form, or `null` |
//! | `language` | code of the text's language, `und` where unknown; `null` without a text |
//! | `text` | the schema's text field, entities resolved, or `null` |
//! | `sentiment` | `label` (`positive`, `neutral`, `negative`), `score` and `compound` from -1 to 1, and the shares `positive`, `neutral`, `negative`; `null` where the text was not scored |
//! | `keywords` | `[{"term", "score"}]`, best first; scores compare within one text only |
//! | `enrichment_error` | only where the service failed this one text: its code. `sentiment` is `null` then, `keywords` `[]` |
//! | `record` | the fields the schema names, typed |
//! | `models` | versions of what scored it |
//!
//! # Enrichment
//! [`LocalEnricher`] scores English in process. `ENRICHER=comprehend`, in a consumer built with
//! `--features comprehend`, asks Amazon Comprehend, in the languages it takes (`ar`, `de`, `en`, `es`, `fr`, `hi`,
//! `it`, `ja`, `ko`, `pt`, `zh`); the function then needs `comprehend:BatchDetectSentiment` and
//! `comprehend:BatchDetectKeyPhrases`. Its lines differ:
//! - `score` is the share of `positive` less that of `negative`, and `compound` is `null`.
//! - `sentiment` has a fourth share, `mixed`; a text whose mood is mixed is labelled `neutral`.
//! - `keywords` are key phrases without leading articles, by confidence. `models` is `comprehend`.
//!
//! A batch's texts are asked for before its lines are written, up to the margin before the deadline. While
//! Comprehend throttles or is out of reach, records from the first unanswered text on are reported, and what it has
//! answered is kept for the next attempt. The metric `comprehend_units` counts what it bills.

mod delivery;
mod enrich;
mod handler;
mod read;
mod settle;
mod window;

pub use delivery::Position;
#[cfg(feature = "comprehend")]
pub use enrich::ComprehendEnricher;
pub use enrich::{Enricher, EnricherError, LocalEnricher, NotReady, Prepared, Text};
pub use handler::{Backend, Compression, Consumer, ConsumerSettings, DeliveryLevel};
