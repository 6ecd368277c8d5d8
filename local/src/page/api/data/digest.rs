//! Summarises the lines of a data set: numbers over time, sentiments, keywords, places.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use record_model::Schema;
use serde_json::{Map, Value, json};

use super::buckets::{Buckets, Piece};
use super::series::Series;

/// The most fields of each kind that are summarised.
const MAX_FIELDS: usize = 40;
/// The most different values of a field that is a label. A field with more values is no label.
const MAX_LABELS: usize = 200;
/// The longest value that may be a label, in bytes.
const MAX_LABEL_BYTES: usize = 120;
/// The most words that are counted. When there are more, the rarer half is dropped.
const MAX_WORDS: usize = 5_000;
/// The most words, and the most values of a label, in an answer.
const TOLD: usize = 60;
/// The number of places that are kept. The newest ones are.
const MAX_POINTS: usize = 2_000;
/// How many levels of a document are searched for fields.
const DEPTH: usize = 3;

/// The summary of a data set.
#[derive(Debug, Default)]
pub(super) struct Digest {
    pub(super) objects: u64,
    pub(super) records: u64,
    numbers: BTreeMap<String, Series>,
    /// The count of each value, or `None` for a field that has too many values or too long ones.
    labels: BTreeMap<String, Option<BTreeMap<String, u64>>>,
    moods: Buckets<Moods>,
    words: BTreeMap<String, u64>,
    points: VecDeque<(f64, f64)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Moods {
    positive: u64,
    neutral: u64,
    negative: u64,
    mixed: u64,
}

impl Piece for Moods {
    fn merge(&mut self, other: &Self) {
        self.positive += other.positive;
        self.neutral += other.neutral;
        self.negative += other.negative;
        self.mixed += other.mixed;
    }
}

impl Digest {
    /// Adds a line of an object that was written at `written_ms`.
    pub(super) fn take(&mut self, line: &[u8], schema: Option<&Schema>, written_ms: i64) {
        let Ok(Value::Object(members)) = serde_json::from_slice(line) else { return };
        self.records += 1;
        let at_ms = told_ms(&members).or_else(|| happened_ms(schema?, line)).unwrap_or(written_ms);
        self.line(&members, at_ms);
    }

    fn line(&mut self, line: &Map<String, Value>, at_ms: i64) {
        if let Some(Value::Object(sentiment)) = line.get("sentiment") {
            self.mood(sentiment, at_ms);
        }
        for word in line.get("keywords").and_then(Value::as_array).into_iter().flatten() {
            if let Some(term) = word.get("term").and_then(Value::as_str) {
                self.word(term);
            }
        }
        // The consumer's line has the document in its member `record`.
        let document = line.get("record").and_then(Value::as_object).unwrap_or(line);
        self.fields("", document, at_ms, DEPTH);
        self.point(document);
    }

    fn mood(&mut self, sentiment: &Map<String, Value>, at_ms: i64) {
        let moods = self.moods.at(at_ms);
        match sentiment.get("label").and_then(Value::as_str) {
            Some("positive") => moods.positive += 1,
            Some("negative") => moods.negative += 1,
            Some("mixed") => moods.mixed += 1,
            _ => moods.neutral += 1,
        }
        if let Some(score) = sentiment.get("score").and_then(Value::as_f64) {
            self.number("sentiment.score", score, at_ms);
        }
    }

    fn word(&mut self, term: &str) {
        if let Some(count) = self.words.get_mut(term) {
            *count += 1;
            return;
        }
        if self.words.len() >= MAX_WORDS {
            let mut counts: Vec<u64> = self.words.values().copied().collect();
            counts.sort_unstable();
            let middle = counts.get(counts.len() / 2).copied().unwrap_or(1);
            self.words.retain(|_, count| *count > middle);
        }
        self.words.insert(term.to_owned(), 1);
    }

    fn fields(&mut self, path: &str, document: &Map<String, Value>, at_ms: i64, depth: usize) {
        for (name, value) in document {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match value {
                Value::Number(number) => self.number(&path, number.as_f64().unwrap_or(0.0), at_ms),
                Value::String(text) => self.label(&path, text),
                Value::Object(inner) if depth > 1 => self.fields(&path, inner, at_ms, depth - 1),
                _ => {}
            }
        }
    }

    fn number(&mut self, field: &str, value: f64, at_ms: i64) {
        if !self.numbers.contains_key(field) {
            if self.numbers.len() >= MAX_FIELDS {
                return;
            }
            self.numbers.insert(field.to_owned(), Series::default());
        }
        if let Some(series) = self.numbers.get_mut(field) {
            series.take(value, at_ms);
        }
    }

    fn label(&mut self, field: &str, text: &str) {
        if !self.labels.contains_key(field) && self.labels.len() >= MAX_FIELDS {
            return;
        }
        let values = self.labels.entry(field.to_owned()).or_insert_with(|| Some(BTreeMap::new()));
        let Some(counts) = values else { return };
        if let Some(count) = counts.get_mut(text) {
            *count += 1;
        } else if counts.len() >= MAX_LABELS || text.len() > MAX_LABEL_BYTES {
            *values = None;
        } else {
            counts.insert(text.to_owned(), 1);
        }
    }

    fn point(&mut self, document: &Map<String, Value>) {
        let number = |name: &str| document.get(name).and_then(Value::as_f64);
        if let (Some(latitude), Some(longitude)) = (number("latitude"), number("longitude")) {
            if self.points.len() >= MAX_POINTS {
                self.points.pop_front();
            }
            self.points.push_back((latitude, longitude));
        }
    }

    /// Says which charts the data set has.
    pub(super) fn summary(&self, name: &str) -> Value {
        json!({
            "name": name,
            "objects": self.objects,
            "records": self.records,
            "numeric": self.numbers.keys().collect::<Vec<_>>(),
            "labels": self.labels_by_values(),
            "geo": !self.points.is_empty(),
            "sentiment": self.moods.iter().next().is_some(),
            "keywords": !self.words.is_empty(),
        })
    }

    /// The fields that have more than one value, and not too many.
    fn label_fields(&self) -> impl Iterator<Item = &String> {
        let is_label = |values: &BTreeMap<String, u64>| (2..=MAX_LABELS).contains(&values.len());
        let labels = self.labels.iter();
        labels.filter(move |(_, values)| values.as_ref().is_some_and(is_label)).map(|(field, _)| field)
    }

    /// The labels, with those first that have the fewest values.
    fn labels_by_values(&self) -> Vec<&str> {
        let values = |field: &&str| self.labels.get(*field).and_then(Option::as_ref).map(BTreeMap::len);
        let mut labels: Vec<&str> = self.label_fields().map(String::as_str).collect();
        labels.sort_by_key(|field| (self.says_little(field), values(field)));
        labels
    }

    /// Whether a label has ids or moments, which say the least of a record.
    fn says_little(&self, field: &str) -> bool {
        let name = field.rsplit(['.', '_']).next().unwrap_or(field);
        if name == "id" {
            return true;
        }
        let is_time = |value: &String| value.starts_with(|c: char| c.is_ascii_digit()) && value.contains(':');
        self.labels.get(field).and_then(Option::as_ref).is_some_and(|values| values.keys().all(is_time))
    }

    /// The charts of a numeric field and of a label, and those that need no field.
    pub(super) fn pictures(&self, field: Option<&str>, label: Option<&str>) -> Value {
        let field = field.or_else(|| self.numbers.keys().next().map(String::as_str));
        let series = field.and_then(|field| Some((field, self.numbers.get(field)?)));
        let label = label.or_else(|| self.labels_by_values().first().copied());
        let points: Vec<Value> = self
            .points
            .iter()
            .map(|(latitude, longitude)| json!({ "lat": latitude, "lon": longitude }))
            .collect();
        json!({
            "series": series.map(|(field, series)| series.picture(field)),
            "histogram": series.and_then(|(field, series)| series.histogram(field)),
            "sentiment": self.moods(),
            "keywords": some(&self.words).map(most),
            "labels": label.and_then(|label| {
                let values = self.labels.get(label)?.as_ref()?;
                Some(json!({ "field": label, "values": most(values) }))
            }),
            "points": if points.is_empty() { Value::Null } else { Value::Array(points) },
        })
    }

    fn moods(&self) -> Option<Value> {
        let point = |(at_ms, moods): (i64, &Moods)| {
            let Moods { positive, neutral, negative, mixed } = moods;
            json!({
                "at_ms": at_ms, "positive": positive, "neutral": neutral, "negative": negative, "mixed": mixed,
            })
        };
        let points: Vec<Value> = self.moods.iter().map(point).collect();
        (!points.is_empty()).then(|| json!({ "bucket_ms": self.moods.width_ms(), "points": points }))
    }
}

/// The time at which the record happened, or else arrived, according to a consumer's line.
fn told_ms(line: &Map<String, Value>) -> Option<i64> {
    let time = |name: &str| line.get(name)?.as_str()?.parse::<Timestamp>().ok();
    time("event_time").or_else(|| time("arrived_at")).map(Timestamp::as_millisecond)
}

/// The time at which a typed document's record happened, by its schema.
fn happened_ms(schema: &Schema, document: &[u8]) -> Option<i64> {
    let mut payload = Vec::new();
    schema.write_payload(document, &mut payload).ok()?;
    let mut opened = schema.open(&payload).ok()?;
    opened.text_of().ok()?.event_time_ms
}

fn some(counts: &BTreeMap<String, u64>) -> Option<&BTreeMap<String, u64>> {
    (!counts.is_empty()).then_some(counts)
}

/// The most frequent entries, with the most frequent one first.
fn most(counts: &BTreeMap<String, u64>) -> Vec<Value> {
    let mut sorted: Vec<(&String, &u64)> = counts.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    sorted.into_iter().take(TOLD).map(|(text, count)| json!({ "text": text, "count": count })).collect()
}
