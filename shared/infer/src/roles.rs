//! Finds out which fields are a record's text, language, time, name and place.

use crate::column::bare;
use crate::kinds::Kind;
use crate::rows::Column;
use crate::trial::Field;

/// The fields that the head of a schema names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roles {
    pub(crate) text: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) event_time: Option<String>,
    pub(crate) document_id: Option<String>,
    pub(crate) point: Option<Point>,
}

/// A geo point made of two fields.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) latitude: String,
    pub(crate) longitude: String,
}

const TEXTS: [&str; 20] = [
    "text",
    "tweet",
    "message",
    "comment",
    "comments",
    "review",
    "body",
    "content",
    "description",
    "post",
    "title",
    "summary",
    "abstract",
    "note",
    "notes",
    "bemerkung",
    "kommentar",
    "nachricht",
    "beschreibung",
    "bewertung",
];
const LANGUAGES: [&str; 5] = ["lang", "language", "sprache", "locale", "langue"];
const IDS: [&str; 13] =
    ["id", "uuid", "guid", "key", "nr", "no", "number", "nummer", "str", "ref", "sku", "isbn", "kennung"];
const LATITUDES: [&str; 5] = ["lat", "latitude", "breite", "breitengrad", "latitud"];
const LONGITUDES: [&str; 8] =
    ["lon", "lng", "long", "longitude", "laenge", "laengengrad", "longitud", "lengte"];
/// How many values are looked at to count the words of a text.
const LOOKED_AT: usize = 1_000;

/// The words of a name.
fn words(name: &str) -> Vec<String> {
    name.to_ascii_lowercase().split(['.', '_', '-']).map(str::to_owned).collect()
}

fn ends_as(name: &str, known: &[&str]) -> bool {
    words(name).last().is_some_and(|word| known.contains(&word.as_str()))
}

/// The roles of fields, each beside its column.
pub(crate) fn roles(fields: &[Field], columns: &[Column<'_>]) -> Roles {
    let with = || fields.iter().zip(columns);
    let is_time = |field: &Field, needs_clock: bool| matches!(field.guess.kind, Kind::Time { has_clock, .. } if has_clock || !needs_clock);
    let time = |needs_clock| fields.iter().find(|field| is_time(field, needs_clock)).map(Field::name);
    let text = text(fields, columns);
    let language = with().find(|(field, column)| {
        let code = |text: &str| {
            (2..=5).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
        };
        ends_as(&field.named.name, &LANGUAGES)
            && matches!(field.guess.kind, Kind::Text { .. } | Kind::Enum(_))
            && column.values.iter().all(|cell| bare(&cell.text).is_empty() || code(bare(&cell.text)))
    });
    Roles {
        language: language.map(|(field, _)| field.name()),
        event_time: time(true).or_else(|| time(false)),
        document_id: id(fields, columns),
        point: point(fields, columns),
        text,
    }
}

/// The field whose values are sentences: one with such a name, or the one with the most words.
fn text(fields: &[Field], columns: &[Column<'_>]) -> Option<String> {
    let mut best: Option<(bool, usize, String)> = None;
    for (field, column) in fields.iter().zip(columns) {
        if !matches!(field.guess.kind, Kind::Text { .. }) || column.values.iter().any(|cell| cell.is_boolean)
        {
            continue;
        }
        let texts = column.values.iter().map(|cell| bare(&cell.text)).filter(|text| !text.is_empty());
        let texts: Vec<&str> = texts.take(LOOKED_AT).collect();
        let count: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
        let tenths = count * 10 / texts.len().max(1);
        let is_named = ends_as(&field.named.name, &TEXTS);
        let least = if is_named { 20 } else { 45 };
        if tenths >= least
            && best.as_ref().is_none_or(|(named, most, _)| (is_named, tenths) > (*named, *most))
        {
            best = Some((is_named, tenths, field.name()));
        }
    }
    best.map(|(_, _, name)| name)
}

/// The field whose values all differ, if its name is that of an id.
fn id(fields: &[Field], columns: &[Column<'_>]) -> Option<String> {
    let is_id = |(field, column): &(&Field, &Column<'_>)| {
        let mut known = std::collections::HashSet::new();
        field.guess.without == 0
            && field.guess.values > 1
            && field.guess.misfits.count == 0
            && matches!(field.guess.kind, Kind::Text { .. } | Kind::Integer(_))
            && ends_as(&field.named.name, &IDS)
            && column.values.iter().all(|cell| known.insert(&*cell.text))
    };
    let ids: Vec<String> = fields.iter().zip(columns).filter(is_id).map(|(field, _)| field.name()).collect();
    ids.iter().find(|name| *name == "id").or(ids.first()).cloned()
}

/// A latitude and a longitude, by their names and values.
fn point(fields: &[Field], columns: &[Column<'_>]) -> Option<Point> {
    let find = |names: &[&str], bound: f64| {
        let found = fields.iter().zip(columns).find(|(field, column)| {
            let Some(form) = field.guess.numbers() else { return false };
            let mut numbers =
                column.values.iter().filter_map(|cell| form.plain(bare(&cell.text))?.parse::<f64>().ok());
            ends_as(&field.named.name, names) && numbers.all(|number| number.abs() <= bound)
        });
        found.map(|(field, _)| field.name())
    };
    let (latitude, longitude) = (find(&LATITUDES, 90.0)?, find(&LONGITUDES, 180.0)?);
    let is_free = |name: &&&str| {
        let inside = format!("{name}.");
        !fields.iter().any(|field| field.named.name == ***name || field.named.name.starts_with(&inside))
    };
    let name = ["location", "geo_point", "point", "place"].iter().find(is_free)?;
    Some(Point { name: (*name).to_owned(), latitude, longitude })
}
