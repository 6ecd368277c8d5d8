//! Finds what a delivery stream made of a record: a line of an object, or a line under its error prefix.
//!
//! Neither line names its record. A failed line is found by the record's arrival time and payload, and any other line
//! by its text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use serde_json::{Value, json};
use template::DeliveryStream;

use super::outcomes::{Looked, Sought, insert};
use crate::page::watch::failures::Failure;

/// An object of an error prefix, with the reason for which its lines failed.
struct FailedObject {
    key: String,
    code: String,
    message: String,
}

/// What identifies the line of a record that failed.
struct FailedLine {
    arrived: Vec<u8>,
    /// The payload, and the document that was made of it.
    holds: Vec<Vec<u8>>,
}

impl FailedLine {
    /// Returns where the line is in an object. In a line, the arrival time stands before the payload.
    fn place_in(&self, object: &[u8]) -> Option<usize> {
        let is_it = |at: &usize| {
            let before = object.get(..*at).unwrap_or_default();
            let begin = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
            memmem::find(before.get(begin..).unwrap_or_default(), &self.arrived).is_some()
        };
        self.holds.iter().find_map(|holds| memmem::find_iter(object, holds).find(is_it))
    }
}

impl Sought<'_> {
    /// Finds the record's line among the objects that the delivery stream wrote since the record arrived, under its
    /// prefix or its error prefix.
    pub(super) async fn of_delivery(&self, delivery: &DeliveryStream) -> Looked {
        if self.held.members.is_some() {
            return Looked::default();
        }
        if let Some(failed) = self.failed(delivery).await {
            return Looked { found: vec![failed], left_out: None };
        }
        let wanted = match (&delivery.processing, &self.held.typed) {
            (Some(_), Some(typed)) => typed,
            (None, _) => &self.held.payload,
            (Some(_), None) => return Looked::default(),
        };
        for key in self.keys_since(&delivery.bucket, fixed(&delivery.prefix)) {
            if !self.has_time() {
                return Looked {
                    found: Vec::new(),
                    left_out: Some("not all objects since then were looked into"),
                };
            }
            // Compressed records beside others leave an object that can't be opened; they are in it as they were put.
            let as_put = &self.held.record.data;
            let place_of =
                |object: &[u8]| memmem::find(object, wanted).or_else(|| memmem::find(object, as_put));
            let found = self.line_in(&delivery.bucket, &key, place_of).await;
            if let Some(found) = found {
                return Looked { found: vec![found], left_out: None };
            }
        }
        let left_out =
            (!self.are_all_listed()).then_some("objects that were written then are no longer listed");
        Looked { found: Vec::new(), left_out }
    }

    async fn failed(&self, delivery: &DeliveryStream) -> Option<Value> {
        let raw = |data: &Vec<u8>| format!(r#""rawData":"{}""#, STANDARD.encode(data)).into_bytes();
        let line = FailedLine {
            arrived: format!(r#""arrivalTimestamp":{},"#, self.held.record.arrived_at_ms).into_bytes(),
            holds: std::iter::once(&self.held.payload).chain(&self.held.typed).map(raw).collect(),
        };
        let objects = self.failed_since(delivery);
        for FailedObject { key, code, message } in objects {
            if !self.has_time() {
                return None;
            }
            if let Some(mut found) =
                self.line_in(&delivery.bucket, &key, |object| line.place_in(object)).await
            {
                insert(&mut found, "state", json!("failed"));
                insert(&mut found, "reason", json!({ "kind": code, "field": null, "message": message }));
                return Some(found);
            }
        }
        None
    }

    /// The objects of failed lines that were written since the record arrived, oldest first.
    fn failed_since(&self, delivery: &DeliveryStream) -> Vec<FailedObject> {
        self.scene.watch.look(|seen| {
            let newest = seen.failures.newest.before(None);
            let since = newest.take_while(|(_, (at_ms, _))| *at_ms >= self.held.record.arrived_at_ms);
            let of_delivery = since.filter_map(|(_, (_, failure))| match failure {
                Failure::Failed { delivery: of, key, code, message, .. } if **of == *delivery.name => {
                    Some(FailedObject { key: key.clone(), code: code.clone(), message: message.clone() })
                }
                _ => None,
            });
            let mut objects: Vec<FailedObject> = of_delivery.collect();
            objects.reverse();
            objects
        })
    }

    /// Whether every object that was written since the record came is listed still.
    fn are_all_listed(&self) -> bool {
        self.scene.watch.look(|seen| {
            let newest = &seen.objects.newest;
            let oldest = newest.after(0).next().map(|(_, written)| written.at_ms);
            newest.dropped() == 0 || oldest.is_some_and(|oldest| oldest <= self.held.record.arrived_at_ms)
        })
    }

    /// The objects under a prefix that were written since the record arrived, oldest first.
    fn keys_since(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let arrived_ms = self.held.record.arrived_at_ms;
        self.scene.watch.look(|seen| {
            let all = seen.objects.newest.after(0).map(|(_, written)| written);
            let since = all.filter(|written| {
                *written.bucket == *bucket && written.at_ms >= arrived_ms && written.key.starts_with(prefix)
            });
            since.map(|written| written.key.clone()).collect()
        })
    }
}

/// The part of a prefix before its first expression.
fn fixed(prefix: &str) -> &str {
    prefix.split("!{").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_records_that_hold_the_same_the_one_is_found_that_came_then() {
        let line = |arrived: i64| format!("{{\"arrivalTimestamp\":{arrived},\"rawData\":\"YQ==\"}}\n");
        let object = [line(1), line(12), line(2), line(2)].concat();
        let place_of = |arrived: i64| {
            let arrived = format!("\"arrivalTimestamp\":{arrived},").into_bytes();
            FailedLine { arrived, holds: vec![b"\"rawData\":\"YQ==\"".to_vec()] }.place_in(object.as_bytes())
        };
        let line_of = |at: usize| object.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        assert_eq!([1, 12, 2].map(|arrived| place_of(arrived).map(line_of)), [Some(0), Some(1), Some(2)]);
        assert_eq!(place_of(3), None);
    }
}
