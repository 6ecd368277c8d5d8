//! Feeds items as they are found, in steps. Each step is noted before it begins and after it ends.

use std::collections::HashSet;
use std::error::Error;

use edge::aws::lambda::Invoker;
use edge::logging::chain;
use edge::put_records::Entry;
use record_model::keys::hash_key;

use super::Arguments;
use super::account::Account;
use super::batch::Batches;
use super::marks::State;
use super::notes::Notes;
use super::plan::{Plan, plan};
use super::streams::{PutAgain, Streams};
use crate::failures::{By, Content, Item, Looked};
use crate::place::Place;

/// The most records, and the most bytes, of one step.
const STEP_RECORDS: usize = 2_000;
const STEP_BYTES: usize = 8 << 20;

/// A redrive in progress.
pub(super) struct Feed<'a> {
    place: &'a Place,
    arguments: &'a Arguments,
    notes: Option<Notes>,
    /// `None` until something is to be fed.
    takers: Option<Takers<'a>>,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    /// Hashes of the ids of records that the transform of a delivery stream refused. Two delivery streams may refuse
    /// the same record.
    refused: HashSet<u128>,
    account: Account,
}

struct Takers<'a> {
    streams: Streams<'a>,
    batches: Batches<'a>,
}

/// A record that waits for its step.
struct Waiting {
    by: By,
    name: String,
    at: String,
    stream: String,
    entry: Entry,
}

impl<'a> Feed<'a> {
    pub(super) fn new(place: &'a Place, arguments: &'a Arguments) -> Self {
        Self {
            place,
            arguments,
            notes: None,
            takers: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
            refused: HashSet::new(),
            account: Account::default(),
        }
    }

    /// Connects to the streams and functions before the first item is fed. If nothing is fed, they need not exist.
    fn connect(&mut self) -> Result<(), Box<dyn Error>> {
        if self.takers.is_none() && !self.arguments.dry_run {
            let services = self.place.services()?;
            let invoker = Invoker::connect(&services.aws, services.lambda_url.as_deref());
            let invoker = invoker.map_err(|error| error.to_string())?;
            let batches = Batches::new(self.place, invoker, self.arguments.consumer.as_deref());
            self.takers = Some(Takers { streams: Streams::new(&services.aws), batches });
        }
        Ok(())
    }

    /// Sets the notes for what comes next.
    pub(super) fn keep_in(&mut self, notes: Notes) {
        self.notes = Some(notes);
        self.refused.clear();
    }

    pub(super) fn into_account(self) -> Account {
        self.account
    }

    /// Feeds what an object or a file contains. Returns false once the limit is reached.
    pub(super) async fn take(&mut self, looked: Looked) -> Result<bool, Box<dyn Error>> {
        let items = match looked.items {
            Ok(items) => items,
            Err(reason) => {
                self.account.unread(&looked.place, &reason);
                return Ok(true);
            }
        };
        if !items.is_empty() {
            self.enter(&looked.place).await?;
        }
        for item in items {
            if self.arguments.limit.is_some_and(|limit| self.account.planned() >= limit) {
                return Ok(false);
            }
            self.take_item(item).await?;
        }
        Ok(true)
    }

    /// Goes on to the folder of this object, which has notes of its own.
    async fn enter(&mut self, place: &str) -> Result<(), Box<dyn Error>> {
        if self.notes.as_ref().is_some_and(|notes| notes.is_open_at(place)) {
            return Ok(());
        }
        self.flush().await?;
        if let Some(notes) = &mut self.notes {
            notes.open_at(place).await.map_err(|error| chain(&error))?;
        }
        Ok(())
    }

    async fn take_item(&mut self, item: Item) -> Result<(), Box<dyn Error>> {
        let name = item.name();
        let state = self.notes.as_ref().and_then(|notes| notes.state(&name)).cloned();
        let is_twin = self.is_twin(&item);
        match (&state, plan(&item, self.arguments.stream.as_deref())) {
            (Some(State::Done), _) => self.account.done_before += 1,
            (Some(State::Unsure), Plan::Put { .. }) if !self.arguments.unsure => {
                self.account.unsure(&item.at());
            }
            (_, Plan::Leave(reason)) => self.account.leaves(reason),
            (_, Plan::Put { .. }) if is_twin => {
                self.account.leaves("another delivery stream refused the same record, which is fed once");
            }
            (_, Plan::Put { stream, entry }) => {
                self.account.plans(item.by, &format!("stream {stream}"));
                self.connect()?;
                if self.takers.is_some() {
                    self.waiting_bytes += entry.bytes();
                    self.waiting.push(Waiting { by: item.by, name, at: item.at(), stream, entry });
                    if self.waiting.len() >= STEP_RECORDS || self.waiting_bytes >= STEP_BYTES {
                        self.flush().await?;
                    }
                }
            }
            (_, Plan::Invoke) => {
                let from = if let Some(State::From(from)) = state { Some(from) } else { None };
                self.invoke(&item, name, from.as_deref()).await?;
            }
        }
        Ok(())
    }

    /// Whether another delivery stream refused the same record of a stream.
    fn is_twin(&mut self, item: &Item) -> bool {
        match &item.content {
            Content::Record(record) if item.by == By::Transform && !record.sequence_number.is_empty() => {
                let sub = record.sub_sequence_number.unwrap_or(0);
                let id = format!("{}:{}:{sub}", record.stream, record.sequence_number);
                !self.refused.insert(hash_key(&id))
            }
            _ => false,
        }
    }

    async fn invoke(&mut self, item: &Item, name: String, from: Option<&str>) -> Result<(), Box<dyn Error>> {
        let Content::Batch(given_up) = &item.content else { return Ok(()) };
        let function = self.arguments.consumer.as_deref().unwrap_or_else(|| given_up.function());
        let to = format!("function {function}");
        self.account.plans(item.by, &to);
        self.connect()?;
        let (Some(takers), Some(marks)) = (&mut self.takers, self.notes.as_mut().and_then(Notes::marks))
        else {
            return Ok(());
        };
        let begun = marks.begin(&to, vec![name.clone()], from).await;
        let mut step = begun.map_err(|error| chain(&error))?;
        let fed = takers.batches.feed(given_up, from, (&mut *marks, &mut step)).await;
        let failed = if fed.is_ok() { Vec::new() } else { vec![name] };
        marks.end(step, failed).await.map_err(|error| chain(&error))?;
        match fed {
            Ok(()) => self.account.fed(item.by, &to),
            Err(error) => self.account.failed(&item.at(), &chain(&error)),
        }
        Ok(())
    }

    /// Feeds the records that are waiting, with one step for each stream.
    pub(super) async fn flush(&mut self) -> Result<(), Box<dyn Error>> {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        while let Some(stream) = waiting.first().map(|first| first.stream.clone()) {
            let (step, others) = waiting.into_iter().partition(|record| record.stream == stream);
            waiting = others;
            self.put(&stream, step).await?;
        }
        Ok(())
    }

    async fn put(&mut self, stream: &str, records: Vec<Waiting>) -> Result<(), Box<dyn Error>> {
        let (Some(takers), Some(marks)) = (&mut self.takers, self.notes.as_mut().and_then(Notes::marks))
        else {
            return Ok(());
        };
        takers.streams.check(stream).await?;
        let to = format!("stream {stream}");
        let names = records.iter().map(|record| record.name.clone()).collect();
        let step = marks.begin(&to, names, None).await.map_err(|error| chain(&error))?;
        let entries = records.iter().map(|record| record.entry.clone());
        let PutAgain { failed, uncertain_calls } = takers.streams.put(stream, entries).await;
        self.account.uncertain_calls += uncertain_calls;
        let mut reasons: Vec<Option<&str>> = vec![None; records.len()];
        for (index, reason) in &failed {
            if let Some(place) = reasons.get_mut(*index) {
                *place = Some(reason);
            }
        }
        let mut left = Vec::new();
        for (record, reason) in records.into_iter().zip(reasons) {
            match reason {
                None => self.account.fed(record.by, &to),
                Some(reason) => {
                    self.account.failed(&record.at, reason);
                    left.push(record.name);
                }
            }
        }
        marks.end(step, left).await.map_err(|error| chain(&error))?;
        Ok(())
    }
}
