//! A Lambda function that does what its records say, so that tests can place any fault where they want it.
//!
//! `ROLE` is `produce`, `enrich` or `type`. The first word of a payload may be `crash-once`, `crash-after-once`,
//! `hang-once`, `error-once`, `huge-once` (the second word names the fault, so that it happens once), `poison`, `drop`, `fail`
//! or `lost`.

#![allow(clippy::indexing_slicing, reason = "a JSON value without the key is null")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use edge::aws::{AwsSettings, KinesisSink, S3Store};
use edge::lambda::{Invocation, InvocationError};
use edge::put_records::{Entry, RecordSink};
use edge::settings::Settings;
use edge::store::{Attributes, Created, ObjectStore};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Script {
    role: String,
    data_set: String,
    markers: PathBuf,
    bucket: S3Store,
    sink: KinesisSink,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut settings = Settings::from_env();
    let aws = AwsSettings::read(&mut settings);
    let text = |name: &str| settings.optional(name).unwrap_or_default();
    if text("ROLE") == "unable" {
        return Err("this function never initialises".into());
    }
    let script = Script {
        role: text("ROLE"),
        data_set: text("SCHEMA"),
        markers: text("MARKERS").into(),
        bucket: S3Store::connect(&text("OUTPUT_BUCKET"), &aws)?,
        sink: KinesisSink::connect(&text("STREAM_NAME"), &aws),
    };
    println!("started as {}", script.role);
    edge::lambda::run(|invocation| script.handle(invocation)).await?;
    Ok(())
}

impl Script {
    async fn handle(&self, invocation: Invocation) -> Result<Bytes, InvocationError> {
        let answer = match self.role.as_str() {
            "produce" => self.produce(&invocation.body).await,
            "enrich" => self.enrich(&invocation.body).await,
            _ => self.type_records(&invocation.body),
        };
        answer.map_err(|error| InvocationError::new("Scripted", &*error))
    }

    /// Puts each line of the object; stops once after the first, to be invoked again, and for good at `unreadable`.
    async fn produce(&self, event: &[u8]) -> Result<Bytes, Failure> {
        let event: Value = serde_json::from_slice(event)?;
        let source = &event["source"];
        let key = source["key"].as_str().unwrap_or_default();
        let object = self.bucket.get(key).await?.ok_or("there is no input")?;
        let text = String::from_utf8(object.body.to_vec())?;
        let mut entries: Vec<Entry> = text.lines().map(|line| Entry::new(line, line.to_owned())).collect();
        if let Some(end) = text.lines().position(|line| line == "unreadable") {
            if !self.first_time("unreadable") {
                return Err("stopped after 0 records".into());
            }
            self.sink.put(entries.get(..end).unwrap_or_default()).await?;
            return Err(format!("stopped after {end} records").into());
        }
        let done = !self.first_time("stopped-early");
        entries = if done { entries.split_off(1) } else { entries.drain(..1).collect() };
        self.sink.put(&entries).await?;
        let records = entries.len();
        Ok(json!({"schema": event["schema"], "read": records, "put": records, "quarantined": 0, "done": done}).to_string().into())
    }

    /// Writes a line for each record, into an object named after the first.
    async fn enrich(&self, event: &[u8]) -> Result<Bytes, Failure> {
        let event: Value = serde_json::from_slice(event)?;
        let records = event["Records"].as_array().cloned().unwrap_or_default();
        let mut lines = String::new();
        let mut failed_from = None;
        let mut crash_after = false;
        for (record, sub, payload) in user_records(&records)? {
            if payload.starts_with("poison") {
                failed_from = record["kinesis"]["sequenceNumber"].as_str();
                break;
            }
            println!("{payload}");
            if payload.starts_with("huge-once") && self.first_time(&payload) {
                return Ok(Bytes::from(vec![b' '; 7 << 20]));
            }
            crash_after |= payload.starts_with("crash-after-once") && self.first_time(&payload);
            self.fault(&payload)?;
            lines += &json!({"id": id(record, sub), "text": payload}).to_string();
            lines.push('\n');
        }
        if let Some(first) = records.first().filter(|_| !lines.is_empty()) {
            let key = format!("enriched/{}/{}.ndjson", self.data_set, id(first, 0).replace(':', "-"));
            self.write(&key, lines).await?;
        }
        if crash_after {
            std::process::exit(7);
        }
        let failures: Vec<Value> =
            failed_from.map(|number| json!({"itemIdentifier": number})).into_iter().collect();
        let mut answer = json!({ "batchItemFailures": failures });
        if event["window"].is_object() {
            let count = event["state"]["count"].as_u64().unwrap_or(0) + records.len() as u64;
            answer["state"] = json!({ "count": count });
            if event["isFinalInvokeForWindow"] == true {
                let key = format!(
                    "windows/{}/{}.json",
                    self.data_set,
                    event["window"]["start"].as_str().unwrap_or_default()
                );
                self.write(&key, answer["state"].to_string()).await?;
            }
        }
        Ok(answer.to_string().into())
    }

    fn type_records(&self, event: &[u8]) -> Result<Bytes, Failure> {
        let event: Value = serde_json::from_slice(event)?;
        let mut answered = Vec::new();
        for record in event["records"].as_array().into_iter().flatten() {
            let payload = payload(&record["data"])?;
            self.fault(&payload)?;
            let result = match payload.split(' ').next() {
                Some("lost") => continue,
                Some("drop") => "Dropped",
                Some("fail") => "ProcessingFailed",
                _ => "Ok",
            };
            let data = STANDARD.encode(format!("{}\n", json!({ "typed": payload })));
            answered.push(json!({"recordId": record["recordId"], "result": result, "data": data}));
        }
        Ok(json!({ "records": answered }).to_string().into())
    }

    fn fault(&self, payload: &str) -> Result<(), Failure> {
        let fault = payload.split(' ').next().unwrap_or_default();
        if fault == "environment" {
            std::env::vars().for_each(|(name, value)| println!("{name}={value}"));
        }
        if !["crash-once", "hang-once", "error-once"].contains(&fault) || !self.first_time(payload) {
            return Ok(());
        }
        match fault {
            "crash-once" => std::process::exit(3),
            "hang-once" => std::thread::sleep(Duration::from_hours(1)),
            _ => return Err("a fault was asked for".into()),
        }
        Ok(())
    }

    fn first_time(&self, name: &str) -> bool {
        let name = format!("{}-{}", self.role, name.replace(['/', ' '], "-"));
        fs::File::create_new(self.markers.join(name)).is_ok()
    }

    async fn write(&self, key: &str, text: String) -> Result<(), Failure> {
        let body = Bytes::from(text);
        let attributes = Attributes { metadata: BTreeMap::new(), ..Attributes::default() };
        if let Created::Exists = self.bucket.create(key, body.clone(), &attributes).await? {
            let head = self.bucket.head(key).await?.ok_or("the object is gone")?;
            self.bucket.replace(key, &head.etag, body, &attributes).await?;
        }
        Ok(())
    }
}

fn payload(data: &Value) -> Result<String, Failure> {
    Ok(String::from_utf8(STANDARD.decode(data.as_str().unwrap_or_default())?)?)
}

/// Each user record with the record it came in and its place there.
fn user_records(records: &[Value]) -> Result<Vec<(&Value, usize, String)>, Failure> {
    let mut all = Vec::new();
    for record in records {
        let data = STANDARD.decode(record["kinesis"]["data"].as_str().unwrap_or_default())?;
        let parts = record_model::kpl::user_records(&data, 1000)?;
        let parts = parts
            .map_or_else(|| vec![data.as_slice()], |parts| parts.into_iter().map(|(_, data)| data).collect());
        for (sub, part) in parts.into_iter().enumerate() {
            all.push((record, sub, String::from_utf8(part.to_vec())?));
        }
    }
    Ok(all)
}

fn id(record: &Value, sub: usize) -> String {
    let stream = record["eventSourceARN"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
    format!("{stream}:{}:{sub}", record["eventID"].as_str().unwrap_or_default())
}
