//! The fields of sampled records as columns: numbers, times, points and words.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

/// The most columns of one kind that are shown.
const MAX_COLUMNS: usize = 24;
/// The most fields that are looked at.
const MAX_KNOWN: usize = 400;
/// How many levels of nested objects are looked at.
const MAX_DEPTH: usize = 4;
/// The most words of a column that are shown.
const MAX_WORDS: usize = 12;
/// The most characters of a name or a word that are shown.
const MAX_CHARS: usize = 80;
/// How many of ten values have to be of a column's kind.
const OF_TEN: usize = 9;
/// The time formats that are recognised beside ISO 8601.
const TIMES: [&str; 3] = ["%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M"];

/// The columns of which charts can be drawn. Their values are in the order of the records.
#[derive(Debug, Default, Serialize)]
pub(super) struct Columns {
    numbers: Vec<Numbers>,
    /// In milliseconds since 1970.
    times: Vec<Numbers>,
    points: Vec<Points>,
    words: Vec<Words>,
}

#[derive(Debug, Serialize)]
struct Numbers {
    name: String,
    values: Vec<Option<f64>>,
}

#[derive(Debug, Serialize)]
struct Points {
    name: String,
    /// Latitude and longitude.
    values: Vec<[f64; 2]>,
}

#[derive(Debug, Serialize)]
struct Words {
    name: String,
    /// The most frequent ones, with their counts.
    counts: Vec<(String, u64)>,
    /// The number of values that are none of these.
    others: u64,
}

/// The values of one field, each with its record's index.
#[derive(Default)]
struct Field<'r> {
    values: Vec<(usize, &'r Value)>,
}

impl Columns {
    pub(super) fn of(records: &[Value]) -> Self {
        let mut fields: BTreeMap<String, Field<'_>> = BTreeMap::new();
        let mut columns = Self::default();
        let mut points: BTreeMap<String, Vec<[f64; 2]>> = BTreeMap::new();
        for (index, record) in records.iter().enumerate() {
            walk(record, "", 0, &mut |name, value| {
                if let Some(point) = point(value) {
                    points.entry(name.to_owned()).or_default().push(point);
                    return false;
                }
                if !value.is_object() && (fields.len() < MAX_KNOWN || fields.contains_key(name)) {
                    fields.entry(name.to_owned()).or_default().values.push((index, value));
                }
                true
            });
        }
        columns.points = points
            .into_iter()
            .map(|(name, values)| Points { name: shown(&name), values })
            .take(MAX_COLUMNS)
            .collect();
        for (name, field) in &fields {
            columns.add(shown(name), field, records.len());
        }
        columns
    }

    fn add(&mut self, name: String, field: &Field<'_>, records: usize) {
        let there: Vec<&(usize, &Value)> =
            field.values.iter().filter(|(_, value)| !value.is_null()).collect();
        let filled = |of: &dyn Fn(&Value) -> Option<f64>| {
            let mut values = vec![None; records];
            let mut fit = 0;
            for (index, value) in &there {
                if let (Some(place), Some(number)) = (values.get_mut(*index), of(value)) {
                    (*place, fit) = (Some(number), fit + 1);
                }
            }
            (fit > 0 && 10 * fit >= OF_TEN * there.len()).then_some(values)
        };
        if let Some(values) = filled(&|value| value.as_f64().filter(|number| number.is_finite())) {
            push(&mut self.numbers, Numbers { name, values });
        } else if let Some(values) = filled(&|value| value.as_str().and_then(time)) {
            push(&mut self.times, Numbers { name, values });
        } else if let Some((counts, others)) = words(&there) {
            push(&mut self.words, Words { name, counts, others });
        }
    }
}

fn push<T>(columns: &mut Vec<T>, column: T) {
    if columns.len() < MAX_COLUMNS {
        columns.push(column);
    }
}

/// Gives each member of an object to `tell`, with its path. Members inside one are visited if `tell` returns true for
/// it.
fn walk<'r>(value: &'r Value, name: &str, depth: usize, tell: &mut impl FnMut(&str, &'r Value) -> bool) {
    let Some(members) = value.as_object().filter(|_| depth < MAX_DEPTH) else { return };
    for (member, value) in members {
        let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
        if tell(&name, value) {
            walk(value, &name, depth + 1, tell);
        }
    }
}

/// Reads a point in the form that the record model writes.
fn point(value: &Value) -> Option<[f64; 2]> {
    let members = value.as_object().filter(|members| members.len() == 2)?;
    let (latitude, longitude) = (members.get("lat")?.as_f64()?, members.get("lon")?.as_f64()?);
    (latitude.abs() <= 90.0 && longitude.abs() <= 180.0).then_some([latitude, longitude])
}

/// Reads a time, in milliseconds since 1970. A time without a zone is taken as UTC.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of years to come have room in 2^52")]
fn time(text: &str) -> Option<f64> {
    if text.len() < 8 || !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let found = text.parse::<Timestamp>().ok();
    let found = found.or_else(|| text.parse::<DateTime>().ok().and_then(utc));
    let found =
        found.or_else(|| TIMES.iter().find_map(|form| DateTime::strptime(form, text).ok()).and_then(utc));
    let found = found.or_else(|| {
        text.parse::<Date>().ok().and_then(|date| utc(date.to_datetime(jiff::civil::Time::midnight())))
    });
    found.map(|time| time.as_millisecond() as f64)
}

/// Returns the most frequent words of a column and the number of all other values, or `None` if most words occur only
/// once.
fn words(values: &[&(usize, &Value)]) -> Option<(Vec<(String, u64)>, u64)> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut all = 0;
    for (_, value) in values {
        let items = value.as_array().map_or(std::slice::from_ref(*value), Vec::as_slice);
        for item in items {
            let word = match item {
                Value::String(text) => shown(text),
                Value::Bool(flag) => flag.to_string(),
                _ => continue,
            };
            all += 1;
            *counts.entry(word).or_default() += 1;
        }
    }
    if counts.is_empty() || 2 * counts.len() as u64 > all.max(2) {
        return None;
    }
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));
    counts.truncate(MAX_WORDS);
    let others = all - counts.iter().map(|(_, count)| count).sum::<u64>();
    Some((counts, others))
}

/// Shortens a text to what is shown of it.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_drawn_as_what_nine_of_ten_values_are() {
        let records: Vec<Value> = (0..20)
            .map(|n| {
                json!({
                    "n": n, "deep": {"x": 0.5}, "at": "2026-11-22T20:25:37Z", "local": "2026/11/22 20:25:37",
                    "id": format!("id-{n}"), "city": if n % 3 == 0 { "York" } else { "Bath" },
                    "location": {"lat": 51.5, "lon": -0.1}, "tags": ["a", "b"], "none": null,
                    "mixed": if n < 2 { json!("x") } else { json!(n) },
                })
            })
            .collect();
        let columns = Columns::of(&records);
        let names = |of: &[Numbers]| of.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&columns.numbers), ["deep.x", "mixed", "n"]);
        assert_eq!(names(&columns.times), ["at", "local"]);
        assert_eq!(columns.times[0].values[0], Some(1_795_379_137_000.0));
        assert_eq!(format!("{:?}", columns.points[0].values[0]), "[51.5, -0.1]");
        let words: Vec<&str> = columns.words.iter().map(|words| words.name.as_str()).collect();
        assert_eq!(words, ["city", "tags"]);
        assert_eq!(columns.words[0].counts, [("Bath".to_owned(), 13), ("York".to_owned(), 7)]);
    }
}
