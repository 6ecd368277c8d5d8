//! From guesses to a schema that was tried on every row of the sample.

use std::collections::HashMap;

use record_model::{Dialect, NumberForm, RecordContext, RecordError, Schema, object_on_one_line};

use crate::Options;
use crate::column::bare;
use crate::finding::{Finding, NoTable, Question, RefusedRow};
use crate::kinds::{Context, Guess, Kind, Probes, guess};
use crate::names::{Named, names};
use crate::roles::{Roles, roles};
use crate::rows::{Column, Content, Rows};
use crate::{json_fields, write};

/// The most fields of a schema, which leaves one for a geo point.
const MAX_FIELDS: usize = 999;
/// A schema file over this size, in bytes, is written without the evidence, since the limit is 256 KiB.
const LONG_FILE: usize = 200 << 10;
/// How often fields that refuse too many rows are changed to texts.
const ROUNDS: usize = 4;

/// A field while its schema is drafted.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) named: Named,
    pub(crate) guess: Guess,
    pub(crate) is_required: bool,
    /// How its numbers are written, if not as the file's are.
    pub(crate) own_numbers: Option<NumberForm>,
    /// The bound of a latitude or longitude.
    pub(crate) bound: Option<u32>,
    pub(crate) zone: Option<String>,
}

impl Field {
    pub(crate) fn name(&self) -> String {
        self.named.name.clone()
    }
}

/// Everything that a schema file says.
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) notes: Vec<String>,
    pub(crate) dialect: Dialect,
    pub(crate) fields: Vec<Field>,
    pub(crate) roles: Roles,
    pub(crate) collects_extras: bool,
}

/// Guesses every column and tries the resulting schema. A field that refuses too many rows becomes a text.
pub(crate) fn settle(rows: &Rows, is_whole: bool, options: &Options) -> Result<Finding, NoTable> {
    let mut columns = rows.columns();
    if columns.is_empty() {
        return Err(NoTable::LooksLike("objects without a value that a field can hold".to_owned()));
    }
    let found = columns.len();
    columns.truncate(MAX_FIELDS);
    let mut draft = draft(rows, &columns, is_whole, options)?;
    if found > MAX_FIELDS {
        draft.notes.push(format!(
            "only the first {MAX_FIELDS} of {found} columns are fields: a schema may have 1,000"
        ));
    }
    for round in 0..ROUNDS {
        let (schema, toml) = schema(&draft)?;
        let (refused, by_field) = refused(rows, &schema)?;
        let most = rows.whole() / 50;
        let is_bad = |field: &Field| {
            let count = by_field.get(&field.named.name).copied().unwrap_or(0);
            count > most && !matches!(field.guess.kind, Kind::Text { .. })
        };
        if round + 1 < ROUNDS && draft.fields.iter().any(is_bad) {
            for field in draft.fields.iter_mut().filter(|field| is_bad(field)) {
                field.guess.kind = Kind::Text { trim: false };
                field.guess.notes = vec!["kept as text: too few values have the same type".to_owned()];
                (field.guess.open, field.own_numbers, field.bound) = (None, None, None);
            }
            draft.roles = roles(&draft.fields, &columns);
            bound(&mut draft);
            continue;
        }
        let count = rows.count();
        let typed = count - refused.len() as u64;
        return Ok(Finding {
            schema,
            toml,
            rows: count,
            typed,
            refused,
            questions: questions(&draft.fields),
        });
    }
    Err(NoTable::NoSchema("the guesses did not settle".to_owned()))
}

/// The schema of a draft, and its file.
fn schema(draft: &Draft) -> Result<(Schema, String), NoTable> {
    let mut toml = write::toml(draft, true);
    if toml.len() > LONG_FILE {
        toml = write::toml(draft, false);
    }
    match Schema::parse(&toml) {
        Ok(schema) => Ok((schema, toml)),
        Err(error) => Err(NoTable::NoSchema(error.to_string())),
    }
}

fn draft(rows: &Rows, columns: &[Column<'_>], is_whole: bool, options: &Options) -> Result<Draft, NoTable> {
    let names = names(columns, rows.dialect.has_header);
    let (guesses, numbers) = guesses(rows, columns, &names, options)?;
    let mut dialect = rows.dialect.clone();
    dialect.numbers = numbers;
    let fields = names.into_iter().zip(guesses).zip(columns);
    let fields = fields.map(|((named, guess), column)| {
        let own_numbers = guess.numbers().filter(|form| !says_the_same(*form, numbers, column));
        Field {
            is_required: is_whole && guess.without == 0 && guess.values > 0,
            guess: if is_whole { guess } else { without_closed_values(guess) },
            own_numbers,
            bound: None,
            zone: options.zone.clone(),
            named,
        }
    });
    let fields: Vec<Field> = fields.collect();
    let mut draft = Draft {
        name: options.name.clone(),
        notes: notes(rows, is_whole),
        roles: roles(&fields, columns),
        collects_extras: false,
        dialect,
        fields,
    };
    if let Content::Json(json) = &rows.content {
        let left_out = json_fields::left_out(&json.objects);
        if !left_out.is_empty() {
            let shown: Vec<&str> = left_out.iter().take(10).map(String::as_str).collect();
            let what = "no field can hold arrays or values of mixed types, so `_extra` collects";
            draft.notes.push(format!("{what} {}", shown.join(", ")));
            draft.collects_extras = true;
        }
    }
    bound(&mut draft);
    Ok(draft)
}

/// Guesses every column by itself. Columns that remain open are guessed again with what the others showed.
fn guesses(
    rows: &Rows,
    columns: &[Column<'_>],
    names: &[Named],
    options: &Options,
) -> Result<(Vec<Guess>, NumberForm), NoTable> {
    let mut probes = Probes::new().ok_or_else(|| NoTable::NoSchema("a type of its own".to_owned()))?;
    let is_csv = matches!(rows.content, Content::Csv { .. });
    let comma_between = rows.dialect.delimiter == b',';
    let mut context = Context { options, is_csv, comma_between, numbers: None, order: None };
    let count = rows.whole();
    let mut of = |column: &Column<'_>, named: &Named, context: &Context<'_>| {
        guess(column, &named.name, count, context, &mut probes)
    };
    let mut guesses: Vec<Guess> =
        columns.iter().zip(names).map(|(column, named)| of(column, named, &context)).collect();
    let sure = || guesses.iter().filter(|guess| guess.open.is_none());
    context.numbers = commonest(sure());
    context.order = sure().find_map(|guess| guess.order);
    for ((guess, column), named) in guesses.iter_mut().zip(columns).zip(names) {
        if guess.open.is_some() {
            *guess = of(column, named, &context);
        }
    }
    let numbers = commonest(guesses.iter()).unwrap_or_default();
    Ok((guesses, numbers))
}

/// The form of most columns of numbers, if it is not the stream's own.
fn commonest<'g>(guesses: impl Iterator<Item = &'g Guess>) -> Option<NumberForm> {
    let mut counts: Vec<(NumberForm, usize)> = Vec::new();
    for form in guesses.filter_map(Guess::numbers).filter(|form| *form != NumberForm::default()) {
        match counts.iter_mut().find(|(known, _)| *known == form) {
            Some((_, count)) => *count += 1,
            None => counts.push((form, 1)),
        }
    }
    let (form, _) = counts.iter().max_by_key(|(_, count)| *count)?;
    let with_thousands = counts.iter().map(|(form, _)| *form);
    // Amounts without thousands signs have the form of those with them.
    let mut same = with_thousands.filter(|other| other.decimal == form.decimal && other.thousands.is_some());
    Some(if form.thousands.is_none() { same.next().unwrap_or(*form) } else { *form })
}

/// Whether the values of a column mean the same numbers in the file's form as in their own.
fn says_the_same(own: NumberForm, file: NumberForm, column: &Column<'_>) -> bool {
    own == file
        || column.values.iter().all(|cell| {
            let text = bare(&cell.text);
            own.plain(text).is_none_or(|plain| file.plain(text).is_some_and(|other| other == plain))
        })
}

/// An enum refuses values that the sample lacks, so a sample that is not the whole file gets no enum.
fn without_closed_values(mut guess: Guess) -> Guess {
    if let Kind::Enum(values) = &guess.kind {
        guess.notes.push(format!("{} different values in the sample: {}", values.len(), values.join(", ")));
        guess.kind = Kind::Text { trim: false };
    }
    guess
}

/// The two fields of a geo point are numbers with decimals, and have bounds.
fn bound(draft: &mut Draft) {
    let Some(point) = &draft.roles.point else { return };
    for field in &mut draft.fields {
        let bound = [(&point.latitude, 90), (&point.longitude, 180)].into_iter();
        field.bound = bound.filter(|(name, _)| **name == field.named.name).map(|(_, bound)| bound).next();
        if let (Some(_), Kind::Integer(form)) = (field.bound, &field.guess.kind) {
            field.guess.kind = Kind::Float(*form);
        }
    }
}

fn notes(rows: &Rows, is_whole: bool) -> Vec<String> {
    let what = match &rows.content {
        Content::Csv { .. } => "CSV",
        Content::Json(_) => "JSON",
    };
    let of = if is_whole { "the whole file" } else { "the first rows of a file" };
    let mut notes = vec![format!("Inferred from {} rows, {of} of {what}.", rows.count())];
    if rows.whole() == 0 {
        notes.push("There are no rows, so nothing is known about the types.".to_owned());
    }
    notes.extend(rows.notes.iter().cloned());
    notes
}

fn questions(fields: &[Field]) -> Vec<Question> {
    let question = |field: &Field| {
        let open = field.guess.open.clone()?;
        Some(Question { field: field.name(), text: open.text, readings: open.readings, chosen: open.chosen })
    };
    fields.iter().filter_map(question).collect()
}

type Refused = (Vec<RefusedRow>, HashMap<String, usize>);

/// Every row that does not have the form of the file or that the schema refuses, in the file's order; and how
/// many rows each field refuses.
fn refused(rows: &Rows, schema: &Schema) -> Result<Refused, NoTable> {
    let (mut refused, mut by_field) = (rows.broken.clone(), HashMap::new());
    let mut take = |line: u64, typed: Result<(), RecordError>| {
        if let Err(error) = typed {
            if let Some(field) = error.field() {
                *by_field.entry(field.to_owned()).or_insert(0) += 1;
            }
            refused.push(RefusedRow { line, reason: error.to_string() });
        }
    };
    match &rows.content {
        Content::Csv { header, rows } => {
            let first = header.as_ref().or_else(|| rows.first().map(|row| &row.cells));
            let columns = first.map(|first| schema.csv_columns(first)).transpose();
            let columns = columns.map_err(|error| NoTable::NoSchema(error.to_string()))?;
            for (row, columns) in rows.iter().zip(columns.iter().cycle()) {
                let mut payload = Vec::new();
                let written =
                    columns.write_payload(schema, &row.cells, &RecordContext::default(), &mut payload);
                take(row.line, written.and_then(|()| typed(schema, &payload)));
            }
        }
        Content::Json(json) => {
            for object in &json.objects {
                let payload = object_on_one_line(object.json.as_bytes());
                let payload =
                    payload.map(|one_line| one_line.unwrap_or_else(|| object.json.clone().into_bytes()));
                take(object.line, payload.and_then(|payload| typed(schema, &payload)));
            }
        }
    }
    refused.sort_by_key(|row| row.line);
    Ok((refused, by_field))
}

fn typed(schema: &Schema, payload: &[u8]) -> Result<(), RecordError> {
    schema.write_typed_json(payload, &RecordContext::default(), &mut Vec::new()).map(|_| ())
}
