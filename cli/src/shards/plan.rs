//! Finds the changes that give a stream the shards that were asked for.

use edge::aws::kinesis_reader::Shard;
use record_model::keys::hash_key;

/// Where a shard is split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    Middle,
    /// Where the records of the last minutes are halved.
    Load,
    /// At this hash key, with which the second shard begins.
    Key(u128),
}

/// One call that changes shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Split { shard: String, at: u128 },
    Merge { shard: String, adjacent: String },
    Scale { from: u32, to: u32 },
}

impl At {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "middle" => Ok(Self::Middle),
            "load" => Ok(Self::Load),
            _ if text.starts_with("key:") => Ok(Self::Key(hash_key(text.trim_start_matches("key:")))),
            _ => text.parse().map(Self::Key).map_err(|_| {
                "expected middle, load, key:PARTITION-KEY or a hash key from 0 to 2^128 - 1".to_owned()
            }),
        }
    }
}

impl Change {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Split { shard, at } => format!("split {shard} at {at}"),
            Self::Merge { shard, adjacent } => format!("merge {shard} and {adjacent}"),
            Self::Scale { from, to } => format!("scale from {from} to {to} shards"),
        }
    }
}

/// The open shard with an id.
pub(super) fn open<'a>(shards: &'a [Shard], id: &str) -> Result<&'a Shard, String> {
    match shards.iter().find(|shard| shard.id == id) {
        Some(shard) if shard.closed => Err(format!("{id} is closed: only an open shard can be changed")),
        Some(shard) => Ok(shard),
        None => {
            let open: Vec<&str> =
                shards.iter().filter(|shard| !shard.closed).take(10).map(|shard| shard.id.as_str()).collect();
            Err(format!("there is no shard {id:?}; the open shards are {}", open.join(", ")))
        }
    }
}

/// The split of a shard. For [`At::Load`], `loads` are the hash keys of its records.
pub(super) fn split(shard: &Shard, at: &At, mut loads: Vec<u128>) -> Result<Change, String> {
    let (first, last) = (*shard.hash_keys.start(), *shard.hash_keys.end());
    let at = match at {
        At::Middle => (first + (last - first) / 2).saturating_add(1),
        At::Key(key) => *key,
        At::Load => {
            loads.retain(|key| shard.hash_keys.contains(key));
            loads.sort_unstable();
            let middle = loads.get(loads.len() / 2).copied();
            middle.ok_or_else(|| {
                format!("{} had no records in the last five minutes: split it at the middle", shard.id)
            })?
        }
    };
    if first < at && at <= last {
        Ok(Change::Split { shard: shard.id.clone(), at })
    } else {
        Err(format!("{} can be split from {} to {last}, not at {at}", shard.id, first.saturating_add(1)))
    }
}

/// The merge of two shards with adjacent hash keys.
pub(super) fn merge(shards: &[Shard], one: &str, other: &str) -> Result<Change, String> {
    let (one, other) = (open(shards, one)?, open(shards, other)?);
    let touches =
        |left: &Shard, right: &Shard| left.hash_keys.end().checked_add(1) == Some(*right.hash_keys.start());
    if touches(one, other) || touches(other, one) {
        return Ok(Change::Merge { shard: one.id.clone(), adjacent: other.id.clone() });
    }
    let beside = shards.iter().filter(|shard| !shard.closed && (touches(shard, one) || touches(one, shard)));
    let beside: Vec<&str> = beside.map(|shard| shard.id.as_str()).collect();
    Err(format!(
        "{} and {} are not adjacent; adjacent to {} is {}",
        one.id,
        other.id,
        one.id,
        beside.join(" and ")
    ))
}

/// The steps to this many shards. One step may at most double the number, or halve it.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html>
pub(super) fn scale(shards: &[Shard], wanted: u32) -> Vec<Change> {
    let open = shards.iter().filter(|shard| !shard.closed).count();
    let (mut from, mut steps) = (u32::try_from(open).unwrap_or(u32::MAX).max(1), Vec::new());
    while from != wanted {
        let to = wanted.clamp(from.div_ceil(2), from.saturating_mul(2));
        steps.push(Change::Scale { from, to });
        from = to;
    }
    steps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shard(id: &str, first: u128, last: u128) -> Shard {
        Shard { id: id.to_owned(), parents: Vec::new(), hash_keys: first..=last, closed: false }
    }

    proptest! {
        #[test]
        fn each_step_of_a_scale_is_one_the_service_takes_and_the_last_is_the_aim(from in 1..300_u32, wanted in 1..5_000_u32) {
            let shards: Vec<Shard> = (0..from).map(|n| shard(&n.to_string(), n.into(), n.into())).collect();
            let mut at = from;
            for step in scale(&shards, wanted) {
                let Change::Scale { from, to } = step else { panic!("{step:?}") };
                prop_assert!(from == at && to != from && to <= 2 * from && 2 * to >= from);
                at = to;
            }
            prop_assert_eq!(at, wanted);
        }

        #[test]
        fn a_cut_leaves_both_sides_something(first in 0..1_000_u128, len in 1..1_000_u128, keys in prop::collection::vec(0..2_500_u128, 0..50)) {
            let whole = shard("s", first, first + len);
            for at in [At::Middle, At::Load] {
                if let Ok(Change::Split { at, .. }) = split(&whole, &at, keys.clone()) {
                    prop_assert!(first < at && at <= first + len);
                }
            }
            prop_assert!(split(&whole, &At::Middle, Vec::new()).is_ok());
        }
    }

    #[test]
    fn a_cut_is_where_it_was_asked_for() {
        let all = shard("s", 0, u128::MAX);
        let at = |at: &str, loads: Vec<u128>| split(&all, &At::parse(at).unwrap(), loads);
        assert_eq!(at("middle", vec![]), Ok(Change::Split { shard: "s".into(), at: 1 << 127 }));
        assert_eq!(at("load", vec![9, 1, 5, 7]), Ok(Change::Split { shard: "s".into(), at: 7 }));
        assert_eq!(at("key:a", vec![]), Ok(Change::Split { shard: "s".into(), at: hash_key("a") }));
        assert!(at("0", vec![]).unwrap_err().contains("not at 0"));
        assert!(at("load", vec![]).unwrap_err().contains("no record"));
        assert!(At::parse("there").is_err());
    }

    #[test]
    fn only_open_neighbours_are_joined() {
        let mut shards = vec![shard("a", 0, 9), shard("b", 10, 19), shard("c", 20, u128::MAX)];
        assert!(merge(&shards, "b", "a").is_ok() && merge(&shards, "b", "c").is_ok());
        assert!(merge(&shards, "a", "c").unwrap_err().contains("adjacent to a is b"));
        assert!(merge(&shards, "a", "d").unwrap_err().contains("the open shards are a, b, c"));
        shards[1].closed = true;
        assert!(merge(&shards, "a", "b").unwrap_err().contains("closed"));
    }
}
