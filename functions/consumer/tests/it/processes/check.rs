//! Compares what a run left in its bucket with what was put on its stream.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64_simd::STANDARD;
use record_model::{Content, Decoder, Limits};
use serde_json::Value;

use super::traffic::{Item, Place, Traffic};

/// How often each thing was found.
#[derive(Default)]
pub(crate) struct Kept {
    /// By first name.
    lines: BTreeMap<String, usize>,
    /// By payload.
    quarantine: BTreeMap<Vec<u8>, usize>,
    /// Data of the Kinesis records in the on-failure destination.
    given_up: BTreeMap<Vec<u8>, usize>,
}

impl Kept {
    pub(crate) fn read(bucket: &Path) -> Self {
        let mut kept = Self::default();
        for_each_file(&bucket.join("enriched"), &mut |bytes| kept.read_lines(bytes));
        for_each_file(&bucket.join("quarantine"), &mut |bytes| {
            let copy: Value = serde_json::from_slice(bytes).unwrap();
            *kept.quarantine.entry(from_base64(&copy["payload_base64"])).or_default() += 1;
        });
        for_each_file(&bucket.join("aws/lambda"), &mut |bytes| kept.read_given_up(bytes));
        kept
    }

    pub(crate) fn has_given_up(&self) -> bool {
        !self.given_up.is_empty()
    }

    /// What is not as the guarantees say, a line each.
    pub(crate) fn compare(mut self, traffic: &Traffic, bisects: bool) -> Vec<String> {
        let given_up = std::mem::take(&mut self.given_up);
        let is_given_up = |item: &Item| {
            item.records.iter().any(|record| given_up.contains_key(&traffic.records[*record].1))
        };
        let mut wrong = Vec::new();
        for (name, item) in &traffic.items {
            let times = match item.place {
                Place::Enriched => self.lines.remove(name).unwrap_or(0),
                Place::Quarantine => self.quarantine.remove(&item.payload).unwrap_or(0),
            };
            // A batch that ran out of retries may be in S3 too, and after a bisect its neighbours twice.
            let is_right = times == 1 || is_given_up(item) || bisects && !given_up.is_empty() && times > 1;
            if !is_right {
                wrong.push(format!("{name} of records {:?} is there {times} times", item.records));
            }
        }
        self.forget_pieces_of_given_up(traffic, &is_given_up);
        wrong.extend(self.lines.keys().map(|name| format!("{name} was never put")));
        wrong.extend(self.quarantine.keys().map(|bytes| format!("in quarantine: {}", bytes.escape_ascii())));
        wrong
    }

    /// A message one of whose pieces was given up is incomplete: the others are in quarantine or wait.
    fn forget_pieces_of_given_up(&mut self, traffic: &Traffic, is_given_up: &impl Fn(&Item) -> bool) {
        for item in traffic.items.values().filter(|item| is_given_up(item)) {
            for record in &item.records {
                self.quarantine.remove(&traffic.records[*record].1);
            }
        }
    }

    fn read_lines(&mut self, bytes: &[u8]) {
        let mut text = Vec::new();
        Decoder::new(Limits::default())
            .decode(bytes, &mut |record| {
                if let Ok(Content::Payload(payload)) = record.content {
                    text.extend_from_slice(payload);
                }
            })
            .unwrap();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line: Value = serde_json::from_slice(line).unwrap();
            let name = line["record"]["first_name"].as_str().unwrap().to_owned();
            *self.lines.entry(name).or_default() += 1;
        }
    }

    fn read_given_up(&mut self, bytes: &[u8]) {
        let batch: Value = serde_json::from_slice(bytes).unwrap();
        let event: Value = serde_json::from_str(batch["payload"].as_str().unwrap()).unwrap();
        for record in event["Records"].as_array().unwrap() {
            *self.given_up.entry(from_base64(&record["kinesis"]["data"])).or_default() += 1;
        }
    }
}

fn from_base64(text: &Value) -> Vec<u8> {
    STANDARD.decode_to_vec(text.as_str().unwrap()).unwrap()
}

pub(crate) fn for_each_file(folder: &Path, visit: &mut impl FnMut(&[u8])) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { for_each_file(&path, visit) } else { visit(&fs::read(path).unwrap()) }
    }
}
