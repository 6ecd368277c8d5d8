//! The words of which made-up records consist.

use super::random::Random;

pub(crate) const FIRST_NAMES: &[&str] = &[
    "Ada",
    "Alan",
    "Amara",
    "Anders",
    "Aylin",
    "Barbara",
    "Chen",
    "Chidi",
    "Dmitri",
    "Edsger",
    "Elif",
    "Emeka",
    "Fatima",
    "Frances",
    "Giulia",
    "Grace",
    "Hedy",
    "Hiro",
    "Ines",
    "Ivan",
    "Jamal",
    "Joan",
    "José",
    "Katherine",
    "Kofi",
    "Lars",
    "Leila",
    "Linus",
    "Mae",
    "Margaret",
    "Mei",
    "Niklaus",
    "Noor",
    "Olga",
    "Omar",
    "Priya",
    "Radia",
    "Renée",
    "Rosa",
    "Søren",
    "Tariq",
    "Uma",
    "Vera",
    "Wanjiru",
    "Xavier",
    "Yuki",
    "Zoë",
];

pub(crate) const LAST_NAMES: &[&str] = &[
    "Abara",
    "Almeida",
    "Becker",
    "Castro",
    "Demir",
    "Eriksen",
    "Fofana",
    "Garcia",
    "Haddad",
    "Ito",
    "Jansen",
    "Kaya",
    "Kowalski",
    "Lindqvist",
    "Mbeki",
    "Moreau",
    "Nakamura",
    "Novak",
    "Okafor",
    "Petrov",
    "Quispe",
    "Rossi",
    "Sato",
    "Schmidt",
    "Silva",
    "Tanaka",
    "Usman",
    "Varga",
    "Weber",
    "Xu",
    "Yilmaz",
    "Zhang",
];

pub(crate) const STREETS: &[&str] = &[
    "ALDER", "BIRCH", "CEDAR", "DOGWOOD", "ELM", "FERN", "GARDEN", "HARBOR", "IRON", "JUNIPER", "KESTREL",
    "LAUREL", "MAPLE", "NORTH", "ORCHARD", "PINE", "QUARRY", "RIVER", "SPRUCE", "TIMBER", "UNION", "VALLEY",
    "WILLOW",
];

pub(crate) const STREET_KINDS: &[&str] = &["ST", "AVE", "BLVD", "DR", "CT", "WAY", "LN"];

pub(crate) const OFFENCES: &[&str] = &[
    "THEFT FROM VEHICLE",
    "BURGLARY RESIDENCE",
    "VANDALISM",
    "TRAFFIC ACCIDENT",
    "LOST PROPERTY",
    "PETTY THEFT",
    "FORGED CHECK",
    "STOLEN VEHICLE",
    "NOISE COMPLAINT",
    "TRESPASS",
    "FOUND PROPERTY",
];

const OPENINGS: &[&str] = &[
    "Just watched",
    "Finally tried",
    "Can't stop thinking about",
    "So disappointed by",
    "Really love",
    "Not sure about",
    "Waited two hours for",
    "Everyone should see",
    "Never again:",
    "Still smiling after",
];

const SUBJECTS: &[&str] = &[
    "the new tram line",
    "that tiny ramen place",
    "the harbor concert",
    "my morning run",
    "this keyboard",
    "the update of my phone",
    "the library reading room",
    "our team's release",
    "the coffee at the station",
    "the rain over the valley",
];

const ENDINGS: &[&str] = &[
    "– what a day!",
    "and it was great 😊",
    "and I'm so tired of it",
    "it's terrible :(",
    "it's fine I guess",
    "absolutely wonderful ❤️",
    "worst service ever",
    "will come back",
    "#weekend",
    "please fix it",
];

/// A short sentence that expresses a feeling, as people post it.
pub(crate) fn tweet(random: &mut Random) -> String {
    let mut part = |parts: &[&'static str]| random.pick(parts).unwrap_or_default();
    format!("{} {}, {}", part(OPENINGS), part(SUBJECTS), part(ENDINGS))
}

/// A few words without a meaning.
pub(crate) fn phrase(random: &mut Random) -> String {
    let mut part = || random.pick(STREETS).unwrap_or_default().to_lowercase();
    format!("{} {}", part(), part())
}
