//! Typed JSON from crime rows: by schema, and by a struct made by hand for these rows alone.
//!
//! `cargo bench -p record-model --bench typed_json`; the figure is the ratio of the two times.

#![expect(clippy::expect_used, reason = "a bench has nobody to hand an error to")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use record_model::{RecordContext, Schema, made_up};
use serde::Serialize;

const ROWS: u64 = 1000;

#[expect(clippy::struct_field_names, reason = "the names are the documents'")]
#[derive(Serialize)]
struct Crime<'a> {
    crime_time: &'a str,
    address: &'a str,
    district: i64,
    beat: &'a str,
    grid: i64,
    description: &'a str,
    crime_id: i64,
    latitude: f64,
    longitude: f64,
    load_time: &'a str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    lat: f64,
    lon: f64,
}

impl<'a> Crime<'a> {
    /// Splits and parses; dates are taken as they stand.
    fn from_row(row: &'a [u8]) -> Option<Self> {
        let mut fields = std::str::from_utf8(row).ok()?.split('|');
        let mut next = || fields.next();
        let (crime_time, address, district) = (next()?, next()?, next()?.trim().parse().ok()?);
        let (beat, grid, description) = (next()?.trim(), next()?.trim().parse().ok()?, next()?);
        let (crime_id, lat, lon) =
            (next()?.trim().parse().ok()?, next()?.trim().parse().ok()?, next()?.trim().parse().ok()?);
        let load_time = next()?;
        let location = Location { lat, lon };
        Some(Self {
            crime_time,
            address,
            district,
            beat,
            grid,
            description,
            crime_id,
            latitude: lat,
            longitude: lon,
            load_time,
            location,
        })
    }
}

fn crime_rows(criterion: &mut Criterion) {
    let schema = Schema::built_in("crime").expect("a built-in schema");
    let context = RecordContext { ingested_at_ms: 1_767_323_045_000, ..RecordContext::default() };
    let rows: Vec<Vec<u8>> = (0..ROWS)
        .map(|index| {
            let mut row = Vec::new();
            made_up::write(&schema, 7, index, &context, &mut row);
            row
        })
        .collect();
    let mut group = criterion.benchmark_group("crime rows to typed json");
    group.throughput(Throughput::Elements(ROWS));
    let mut out = Vec::new();
    group.bench_function("by schema", |bencher| {
        bencher.iter(|| {
            out.clear();
            for row in &rows {
                schema.write_typed_json(black_box(row), &context, &mut out).expect("a good row");
            }
            out.len()
        });
    });
    let mut out = Vec::new();
    group.bench_function("by hand", |bencher| {
        bencher.iter(|| {
            out.clear();
            for row in &rows {
                let crime = Crime::from_row(black_box(row)).expect("a good row");
                serde_json::to_writer(&mut out, &crime).expect("a Vec takes every byte");
            }
            out.len()
        });
    });
    group.finish();
}

criterion_group!(benches, crime_rows);
criterion_main!(benches);
