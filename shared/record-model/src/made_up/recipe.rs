//! What a made-up value is made of.

use super::random::Random;
use super::words;
use crate::codec::{RecordContext, TimestampRule};
use crate::schema::{Field, Kind};

/// How a field's made-up values look.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Recipe {
    /// Evenly between two numbers, as `18..90`.
    Between(f64, f64),
    FirstName,
    LastName,
    Street,
    Beat,
    Offence,
    Tweet,
    Handle,
    /// An id of time and sequence, as Twitter's.
    Snowflake,
    /// Always the language of the made-up texts.
    English,
    /// Never a value, for fields that most records lack.
    Nothing,
}

impl Recipe {
    /// What a schema may say.
    pub(crate) const NAMES: [&'static str; 11] = [
        "<least>..<most>",
        "first_name",
        "last_name",
        "street",
        "beat",
        "offence",
        "tweet",
        "handle",
        "snowflake",
        "en",
        "nothing",
    ];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some((least, most)) = text.split_once("..") {
            let (least, most) = (least.parse::<f64>().ok()?, most.parse::<f64>().ok()?);
            return (least.is_finite() && most.is_finite() && least <= most)
                .then_some(Self::Between(least, most));
        }
        Some(match text {
            "first_name" => Self::FirstName,
            "last_name" => Self::LastName,
            "street" => Self::Street,
            "beat" => Self::Beat,
            "offence" => Self::Offence,
            "tweet" => Self::Tweet,
            "handle" => Self::Handle,
            "snowflake" => Self::Snowflake,
            "en" => Self::English,
            "nothing" => Self::Nothing,
            _ => return None,
        })
    }
}

impl Recipe {
    /// Some values of a type, the least and the most among them where there are such.
    pub(crate) fn samples(&self, kind: &Kind) -> Vec<String> {
        let mut samples = match self {
            Self::Between(least, most) => vec![least.to_string(), most.to_string()],
            _ => Vec::new(),
        };
        let context = RecordContext::default();
        samples.extend((0..8).filter_map(|n| by_recipe(self, kind, &mut Random::new(n, 0, 0), &context)));
        samples
    }
}

/// A value for the field, as text of the payload. Without a recipe the type decides; one optional value in
/// twenty is left out where nothing else is said.
pub(super) fn make(field: &Field, random: &mut Random, context: &RecordContext<'_>) -> Option<String> {
    if let Some(recipe) = &field.made_up {
        return by_recipe(recipe, &field.kind, random, context);
    }
    if field.default.is_some() || (!field.required && random.below(20) == 0) {
        return None;
    }
    match &field.kind {
        Kind::Text(rule) => {
            let word = words::phrase(random);
            let least = rule.min_length.unwrap_or(0);
            let text = word.chars().cycle().take(word.chars().count().max(least));
            Some(text.take(rule.max_length.unwrap_or(usize::MAX)).collect())
        }
        Kind::Integer(rule) => {
            let least = rule.min.unwrap_or(0);
            let most = rule.max.unwrap_or(least.saturating_add(1000));
            let span = most.abs_diff(least).saturating_add(1);
            Some(least.saturating_add_unsigned(random.below(span)).min(most).to_string())
        }
        Kind::Float(rule) => {
            let least = rule.min.unwrap_or(0.0);
            Some(between(least, rule.max.unwrap_or(least + 1000.0), false, random))
        }
        Kind::Boolean(rule) => Some(rule.token(random.below(2) == 0).to_owned()),
        Kind::Timestamp(rule) => moment(rule, random, context),
        Kind::Enum(rule) => {
            let values: Vec<&str> = rule.values.iter().map(String::as_str).collect();
            random.pick(&values).map(ToOwned::to_owned)
        }
        Kind::GeoPoint => None,
    }
}

fn by_recipe(
    recipe: &Recipe,
    kind: &Kind,
    random: &mut Random,
    context: &RecordContext<'_>,
) -> Option<String> {
    Some(match recipe {
        Recipe::Between(least, most) => between(*least, *most, !matches!(kind, Kind::Float(_)), random),
        Recipe::FirstName => random.pick(words::FIRST_NAMES)?.to_owned(),
        Recipe::LastName => random.pick(words::LAST_NAMES)?.to_owned(),
        Recipe::Street => {
            let number = random.below(9000) + 1;
            format!("{number} {} {}", random.pick(words::STREETS)?, random.pick(words::STREET_KINDS)?)
        }
        Recipe::Beat => format!("{}{}", random.below(6) + 1, random.pick(&["A", "B", "C"])?),
        Recipe::Offence => random.pick(words::OFFENCES)?.to_owned(),
        Recipe::Tweet => words::tweet(random),
        Recipe::Handle => {
            format!("{}_{}", random.pick(words::LAST_NAMES)?.to_lowercase(), random.below(1000))
        }
        Recipe::Snowflake => {
            // 41 bits of milliseconds since November 2010, 22 bits of machine and sequence.
            let since_epoch = u64::try_from(context.ingested_at_ms - 1_288_834_974_657).unwrap_or(0);
            ((since_epoch & ((1 << 41) - 1)) << 22 | random.below(1 << 22)).to_string()
        }
        Recipe::English => "en".to_owned(),
        Recipe::Nothing => return None,
    })
}

fn between(least: f64, most: f64, whole: bool, random: &mut Random) -> String {
    if whole {
        return (least + (random.fraction() * (most - least + 1.0)).floor()).min(most).to_string();
    }
    format!("{:.6}", least + random.fraction() * (most - least))
}

/// Some time in the thirty days before the record was taken in.
fn moment(rule: &TimestampRule, random: &mut Random, context: &RecordContext<'_>) -> Option<String> {
    const MONTH_S: u64 = 30 * 24 * 3600;
    let back_ms = i64::try_from(random.below(MONTH_S) * 1000).ok()?;
    let moment = rule.at(context.ingested_at_ms.saturating_sub(back_ms)).or_else(|| rule.at(0))?;
    let mut text = Vec::new();
    rule.write_payload(&moment, &mut text);
    String::from_utf8(text).ok()
}
