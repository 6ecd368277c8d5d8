//! Recipes for made-up values, and the values that they make. `made_up` makes what depends on a field's type
//! or its place in a record.

mod random;
pub(crate) mod words;

pub(crate) use random::Random;

/// How a field's made-up values look.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Recipe {
    /// Evenly distributed between two numbers, as `18..90`.
    Between(f64, f64),
    FirstName,
    LastName,
    Street,
    Beat,
    Offence,
    Tweet,
    Handle,
    /// An id made of time and sequence, as Twitter's are.
    Snowflake,
    /// Always the language in which made-up texts are written.
    English,
    /// No value, for fields that most records lack.
    Nothing,
}

impl Recipe {
    /// The names that a schema may use.
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
    /// Some values, which include the least and the greatest if there are such.
    pub(crate) fn samples(&self, is_whole: bool) -> Vec<String> {
        let mut samples = match self {
            Self::Between(least, most) => vec![least.to_string(), most.to_string()],
            _ => Vec::new(),
        };
        samples.extend((0..8).filter_map(|n| self.make(is_whole, 0, &mut Random::new(n, 0, 0))));
        samples
    }

    /// A value, for a record of that time; a whole number if only those are allowed.
    pub(crate) fn make(&self, is_whole: bool, now_ms: i64, random: &mut Random) -> Option<String> {
        Some(match self {
            Self::Between(least, most) => between(*least, *most, is_whole, random),
            Self::FirstName => random.pick(words::FIRST_NAMES)?.to_owned(),
            Self::LastName => random.pick(words::LAST_NAMES)?.to_owned(),
            Self::Street => {
                let number = random.below(9000) + 1;
                format!("{number} {} {}", random.pick(words::STREETS)?, random.pick(words::STREET_KINDS)?)
            }
            Self::Beat => format!("{}{}", random.below(6) + 1, random.pick(&["A", "B", "C"])?),
            Self::Offence => random.pick(words::OFFENCES)?.to_owned(),
            Self::Tweet => words::tweet(random),
            Self::Handle => {
                format!("{}_{}", random.pick(words::LAST_NAMES)?.to_lowercase(), random.below(1000))
            }
            Self::Snowflake => {
                // A snowflake is 41 bits of milliseconds since November 2010 and 22 bits of machine and
                // sequence.
                let since_epoch = u64::try_from(now_ms - 1_288_834_974_657).unwrap_or(0);
                ((since_epoch & ((1 << 41) - 1)) << 22 | random.below(1 << 22)).to_string()
            }
            Self::English => "en".to_owned(),
            Self::Nothing => return None,
        })
    }
}

/// A number evenly between two others, with six decimals unless it must be whole.
pub(crate) fn between(least: f64, most: f64, is_whole: bool, random: &mut Random) -> String {
    if is_whole {
        return (least + (random.fraction() * (most - least + 1.0)).floor()).min(most).to_string();
    }
    format!("{:.6}", least + random.fraction() * (most - least))
}
