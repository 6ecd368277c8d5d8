//! Turns the lexicon and the word lists under `data/` into static tables, so that nothing is parsed at run time.

#[path = "src/packed.rs"]
#[allow(dead_code)]
mod packed;
#[path = "src/vader_words.rs"]
mod vader_words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{env, error::Error, fs, path::Path};

use packed::Packed;

/// Slots of a table: a power of two, twice the words or more.
const SLOTS: usize = 16_384;

/// One row of the word table before it is written.
#[derive(Default)]
struct Row {
    valence: Option<i8>,
    modifier: i8,
    negates: bool,
    role: vader_words::Role,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=data/vader");
    println!("cargo::rerun-if-changed=data/keywords");
    println!("cargo::rerun-if-changed=data/language");
    println!("cargo::rerun-if-changed=src/packed.rs");
    println!("cargo::rerun-if-changed=src/vader_words.rs");
    let out = env::var("OUT_DIR")?;
    let out = Path::new(&out);
    fs::write(out.join("vader_table.rs"), word_table(&rows()?)?)?;
    fs::write(out.join("class_table.rs"), class_table()?)?;
    fs::write(out.join("language_table.rs"), language_table()?)?;
    fs::write(
        out.join("emoji_table.rs"),
        emoji_table(&fs::read_to_string("data/vader/emoji_utf8_lexicon.txt")?)?,
    )?;
    Ok(())
}

/// Every word VADER knows. Keys with a capital, a space or a letter beyond ASCII are left out: VADER looks up
/// single lower-cased tokens, so they can never match.
fn rows() -> Result<BTreeMap<String, Row>, Box<dyn Error>> {
    let mut rows = BTreeMap::<String, Row>::new();
    for line in fs::read_to_string("data/vader/vader_lexicon.txt")?.lines() {
        let mut columns = line.trim().split('\t');
        let (Some(word), Some(mean)) = (columns.next(), columns.next()) else { continue };
        if word.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()) {
            rows.entry(word.into()).or_default().valence = Some(tenths(mean)?);
        }
    }
    for (words, modifier) in [(vader_words::BOOSTERS, 1), (vader_words::DAMPENERS, -1)] {
        for word in words.split_whitespace() {
            rows.entry(word.into()).or_default().modifier = modifier;
        }
    }
    for word in vader_words::NEGATIONS.split_whitespace() {
        rows.entry(word.into()).or_default().negates = true;
    }
    for (word, role) in vader_words::ROLES {
        rows.entry(word.into()).or_default().role = role;
    }
    Ok(rows)
}

/// `-1.5` as -15: the lexicon's means all have one decimal place.
fn tenths(mean: &str) -> Result<i8, Box<dyn Error>> {
    let tenths = (mean.parse::<f64>()? * 10.0).round();
    if (tenths / 10.0 - mean.parse::<f64>()?).abs() > 0.0 {
        return Err(format!("{mean} has more than one decimal place").into());
    }
    format!("{tenths}").parse().map_err(Into::into)
}

/// The rows of VADER's table, and the slots to find them by.
fn word_table(rows: &BTreeMap<String, Row>) -> Result<String, Box<dyn Error>> {
    table(
        "Row",
        rows.iter().map(|(word, row)| {
            let Row { valence, modifier, negates, role } = row;
            let row = format!(
                "Row {{ valence_tenths: {valence:?}, modifier: {modifier}, negates: {negates}, role: Role::{role:?} }}"
            );
            (word.as_str(), row)
        }),
    )
}

/// The words that keywords are made of or end at, by class; a word on two lists keeps the first.
fn class_table() -> Result<String, Box<dyn Error>> {
    let mut classes = BTreeMap::new();
    for (file, class) in
        [("stop", "Stop"), ("verb", "Break"), ("plain", "Break"), ("weak", "Weak"), ("ly", "Content")]
    {
        let file = format!("data/keywords/{file}_words.txt");
        for line in fs::read_to_string(&file)?.lines().filter(|line| !line.starts_with('#')) {
            for word in line.split_whitespace() {
                classes.entry(word.to_owned()).or_insert(class);
            }
        }
    }
    table("Class", classes.iter().map(|(word, class)| (word.as_str(), format!("Class::{class}"))))
}

/// Small words of other languages, each with a bit for every language that has it.
fn language_table() -> Result<String, Box<dyn Error>> {
    let mut codes = Vec::new();
    let mut words = BTreeMap::<String, u16>::new();
    for line in
        fs::read_to_string("data/language/function_words.txt")?.lines().filter(|line| !line.starts_with('#'))
    {
        let mut entries = line.split_whitespace();
        let Some(code) = entries.next() else { continue };
        for word in entries {
            *words.entry(word.to_owned()).or_default() |= 1 << codes.len();
        }
        codes.push(code.to_owned());
    }
    let names = format!("pub(super) static LANGUAGES: [&str; {}] = {codes:?};\n", codes.len());
    let rows = words.iter().map(|(word, languages)| (word.as_str(), languages.to_string()));
    Ok(names + &table("u16", rows)?)
}

/// The source of a [`packed::Table`] with these words and what belongs to them.
fn table<'a>(of: &str, rows: impl Iterator<Item = (&'a str, String)>) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let mut slots = vec![0_u32; SLOTS];
    let mut filter = [0_u64; 1 << 10];
    for (number, (word, row)) in rows.enumerate() {
        let word = packed(word)?;
        let hash = word.hash();
        writeln!(text, "({word:?}, {row}),")?;
        take_slot(&mut slots, hash, number)?;
        if let Some(bits) = filter.get_mut(usize::try_from(hash >> 54)?) {
            *bits |= 1 << ((hash >> 48) & 63);
        }
    }
    Ok(format!(
        "pub(super) static TABLE: Table<{of}> = Table {{ filter: &{filter:?}, slots: &{slots:?}, rows: &[\n{text}] }};\n"
    ))
}

fn packed(word: &str) -> Result<Packed, String> {
    let (packed, _) = Packed::lower(word.as_bytes());
    packed.ok_or_else(|| format!("{word} is longer than {} bytes", packed::MAX_PACKED_BYTES))
}

/// Open addressing: each slot holds 16 bits of hash and the row's number from 1, or 0.
fn take_slot(slots: &mut [u32], hash: u64, number: usize) -> Result<(), Box<dyn Error>> {
    let mut slot = usize::try_from(hash >> 50)?;
    while slots.get(slot).is_some_and(|&taken| taken != 0) {
        slot = (slot + 1) % SLOTS;
    }
    if let Some(free) = slots.get_mut(slot) {
        *free = u32::try_from((hash & 0xFFFF) << 16)? | u32::try_from(number + 1)?;
    }
    Ok(())
}

/// Single code points with their descriptions, sorted; VADER looks emoji up one code point at a time, so longer
/// keys can never match.
fn emoji_table(lexicon: &str) -> Result<String, Box<dyn Error>> {
    let mut emoji = BTreeMap::new();
    for line in lexicon.lines() {
        let mut columns = line.trim().split('\t');
        let (Some(key), Some(description)) = (columns.next(), columns.next()) else { continue };
        let mut points = key.chars();
        if let (Some(point), None) = (points.next(), points.next()) {
            emoji.insert(point, description);
        }
    }
    let mut text = format!("pub(super) static EMOJI: [(char, &str); {}] = [\n", emoji.len());
    for (point, description) in emoji {
        writeln!(text, "({point:?}, {description:?}),")?;
    }
    text.push_str("];\n");
    Ok(text)
}
