//! A shard of made-up records in every wire form, and the ids they must end as.

use std::collections::BTreeMap;

use base64_simd::STANDARD;
use record_model::{RecordContext, Schema, chunk, compress::Gzip, kpl, made_up};

use super::random::Random;

const STREAM: &str = "users";
const SHARD_ID: &str = "shardId-000000000000";
/// The first has fewer digits than the last, so that text order would be wrong.
const FIRST_SEQUENCE_NUMBER: usize = 95;

/// What must become of a shard's records.
pub(crate) struct Shard {
    records: Vec<String>,
    ids: Vec<String>,
    /// Messages: any one of these records puts it out.
    messages: Vec<Vec<String>>,
}

impl Shard {
    pub(crate) fn made_up(random: &mut Random) -> Self {
        let mut shard = Self { records: Vec::new(), ids: Vec::new(), messages: Vec::new() };
        while shard.records.len() < 12 {
            match random.below(8) {
                0 => shard.push(b"{\"first_name\":1}", &[None]),
                1 => shard.push(&[0x1F, 0x8B, 0, 0], &[None]),
                2 => shard.push(&gzipped(&user(random)), &[None]),
                3 | 4 => shard.push_aggregate(random),
                5 => shard.push_message(random),
                _ => shard.push(&user(random), &[None]),
            }
        }
        shard
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn sequence_number(index: usize) -> usize {
        FIRST_SEQUENCE_NUMBER + index
    }

    /// The event of an invocation over some records of the shard.
    pub(crate) fn event(&self, indices: &[usize]) -> String {
        let records: Vec<&str> = indices.iter().map(|index| self.records[*index].as_str()).collect();
        format!("{{\"Records\":[{}]}}", records.join(","))
    }

    /// How often each id must be found; of a message's records the one that was found stands for it.
    pub(crate) fn expected(&self, found: &BTreeMap<String, usize>) -> BTreeMap<String, usize> {
        let owner = |places: &Vec<String>| {
            places.iter().find(|place| found.contains_key(*place)).unwrap_or(&places[0]).clone()
        };
        self.ids.iter().cloned().chain(self.messages.iter().map(owner)).map(|id| (id, 1)).collect()
    }

    fn push(&mut self, data: &[u8], subs: &[Option<usize>]) {
        let id = self.push_data(data);
        self.ids.extend(subs.iter().map(|sub| format!("{id}:{}", sub.unwrap_or(0))));
    }

    fn push_data(&mut self, data: &[u8]) -> String {
        let sequence_number = Self::sequence_number(self.records.len());
        let data = STANDARD.encode_to_string(data);
        self.records.push(format!(
            "{{\"kinesis\":{{\"partitionKey\":\"k\",\"sequenceNumber\":\"{sequence_number}\",\"data\":\"{data}\",\
             \"approximateArrivalTimestamp\":1767323045.5}},\
             \"eventID\":\"{SHARD_ID}:{sequence_number}\",\
             \"eventSourceARN\":\"arn:aws:kinesis:eu-west-1:123456789012:stream/{STREAM}\"}}"
        ));
        format!("{STREAM}:{SHARD_ID}:{sequence_number}")
    }

    /// Some users, and now and then one record that can't be read, which must not cost its neighbours.
    fn push_aggregate(&mut self, random: &mut Random) {
        let mut aggregator = kpl::Aggregator::new(1 << 20);
        let count = random.below(4) + 1;
        for _ in 0..count {
            let data = if random.one_in(5) { b"no json".to_vec() } else { user(random) };
            assert!(aggregator.push(&kpl::Draft {
                partition_key: "k",
                explicit_hash_key: None,
                data: &data
            }));
        }
        let subs: Vec<Option<usize>> = (0..count).map(Some).collect();
        self.push(&aggregator.finish().unwrap().data, &subs);
    }

    fn push_message(&mut self, random: &mut Random) {
        let message = user(random);
        let id = u128::from(random.next());
        let mut pieces: Vec<Vec<u8>> =
            chunk::split(&message, id, chunk::OVERHEAD_BYTES + message.len() / 3 + 1)
                .unwrap()
                .map(|chunk| {
                    let mut framed = Vec::new();
                    chunk.write(&mut framed);
                    framed
                })
                .collect();
        if random.one_in(2) {
            pieces.reverse();
        }
        let places = pieces.iter().map(|piece| format!("{}:0", self.push_data(piece))).collect();
        self.messages.push(places);
    }
}

fn user(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    made_up::write(
        &Schema::built_in("users").unwrap(),
        random.next(),
        0,
        &RecordContext::default(),
        &mut out,
    );
    out
}

fn gzipped(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Gzip::new(1).write(data, None, &mut out).unwrap();
    out
}
