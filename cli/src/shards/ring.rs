//! The hash ring as a table and as a picture.

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use edge::aws::kinesis_reader::Shard;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The width of the picture in columns.
const WIDTH: usize = 76;

/// The table, and below it the ring from 0 to 2^128 with the open shards at their places.
pub(super) fn text(shards: &[Shard]) -> String {
    let heading = ["shard", "from", "to", "share", "parents", ""].map(str::to_owned).to_vec();
    let rows = shards.iter().map(|shard| {
        let (first, last) = (shard.hash_keys.start(), shard.hash_keys.end());
        vec![
            shard.id.clone(),
            format!("{first:032x}"),
            format!("{last:032x}"),
            format!("{:.1} %", share(shard) * 100.0),
            shard.parents.iter().map(|parent| short(parent)).collect::<Vec<_>>().join(" "),
            if shard.closed { "closed".to_owned() } else { String::new() },
        ]
    });
    let table = ruled(&std::iter::once(heading).chain(rows).collect::<Vec<_>>());
    format!("{table}{}\n", picture(shards))
}

/// The share of all hash keys that belongs to a shard.
#[allow(clippy::cast_precision_loss, reason = "a share to be read by people")]
fn share(shard: &Shard) -> f64 {
    (shard.hash_keys.end() - shard.hash_keys.start()) as f64 / u128::MAX as f64
}

/// `|──0──|────1────|`: a shard that is too narrow for its number has none.
fn picture(shards: &[Shard]) -> String {
    let mut open: Vec<&Shard> = shards.iter().filter(|shard| !shard.closed).collect();
    open.sort_by_key(|shard| *shard.hash_keys.start());
    let mut picture = String::new();
    for shard in open {
        let (from, to) = (column(*shard.hash_keys.start()), column(*shard.hash_keys.end()));
        let room = to.saturating_sub(from + 1);
        let name = short(&shard.id);
        let name = if name.len() <= room { name } else { "" };
        let _ = write!(picture, "|{name:─^room$}");
    }
    picture + "|"
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a column"
)]
fn column(key: u128) -> usize {
    (key as f64 / u128::MAX as f64 * WIDTH as f64).round() as usize
}

/// The end of a shard's id that distinguishes it from others: `12` of `shardId-000000000012`.
pub(crate) fn short(id: &str) -> &str {
    let number = id.strip_prefix("shardId-").unwrap_or(id).trim_start_matches('0');
    if number.is_empty() { "0" } else { number }
}

pub(super) fn json(shards: &[Shard]) -> Value {
    let shard = |shard: &Shard| {
        json!({
            "shardId": shard.id, "parents": shard.parents, "closed": shard.closed,
            "startingHashKey": shard.hash_keys.start().to_string(),
            "endingHashKey": shard.hash_keys.end().to_string(),
        })
    };
    Value::Array(shards.iter().map(shard).collect())
}

/// A table whose first row is its heading.
pub(crate) fn ruled(rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let mut rows = rows.iter();
    if let Some(heading) = rows.next() {
        table.set_header(heading.clone());
    }
    table.add_rows(rows.cloned());
    format!("{table}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_shows_open_shards_where_they_stand() {
        let shard = |id: &str, first: u128, last: u128, closed| Shard {
            id: format!("shardId-00000000000{id}"),
            parents: Vec::new(),
            hash_keys: first..=last,
            closed,
        };
        let half = 1_u128 << 127;
        let shards = [
            shard("2", half, u128::MAX, false),
            shard("0", 0, u128::MAX, true),
            shard("1", 0, half - 1, false),
        ];
        let picture = picture(&shards);
        assert_eq!(picture.chars().count(), WIDTH + 1);
        assert_eq!(picture.chars().filter(|c| *c == '|').count(), 3);
        assert!(picture.find('1') < picture.find('2') && !picture.contains('0'), "{picture}");
        let text = text(&shards);
        assert!(text.contains("50.0 %") && text.contains("closed"), "{text}");
        assert_eq!(json(&shards)[2]["endingHashKey"], (half - 1).to_string());
    }
}
