//! How values are written: numbers, times, words for yes and no and for nothing, ids, places and texts.

use serde_json::json;

use super::{check, rows};

#[test]
fn thousands_in_the_forms_of_four_countries() {
    for (text, name) in [
        ("amount,n\n\"1,234,567.50\",1\n\"12,000.00\",2\n5.05,3\n", "amount"),
        ("betrag;n\n1.234.567,50;1\n12.000,00;2\n5,05;3\n", "betrag"),
        ("betrag;n\n1'234'567.50;1\n12'000.00;2\n5.05;3\n", "betrag"),
        ("montant;n\n1\u{A0}234\u{A0}567,50;1\n12\u{A0}000,00;2\n5,05;3\n", "montant"),
    ] {
        let expected = [json!([1_234_567.5, 1]), json!([12_000.0, 2]), json!([5.05, 3])];
        check(text, rows(&[name, "n"], &expected));
    }
}

#[test]
fn numbers_with_signs_around_them_stay_as_they_are_and_are_pointed_out() {
    let text = "region;share;revenue;growth\nNorth;12,5 %;1.234,50 €;+3,2%\nSouth;8 %;987,00 €;-1,5%\nWest;100 %;12.000,00 €;0%\n";
    let found = check(
        text,
        rows(
            &["region", "share", "revenue", "growth"],
            &[
                json!(["North", "12,5 %", "1.234,50 €", "+3,2%"]),
                json!(["South", "8 %", "987,00 €", "-1,5%"]),
                json!(["West", "100 %", "12.000,00 €", "0%"]),
            ],
        ),
    );
    assert_eq!(
        found.toml.matches("numbers beside a sign such as `%`, `$` or `€`").count(),
        3,
        "{}",
        found.toml
    );
}

#[test]
fn scientific_notation() {
    let text = "x,y\n1e3,1.5E-4\n2.5e3,2E-4\n-3e10,-1e-9\n";
    let expected = [json!([1e3, 1.5e-4]), json!([2.5e3, 2e-4]), json!([-3e10, -1e-9])];
    check(text, rows(&["x", "y"], &expected));
}

#[test]
fn weeks_ordinal_dates_and_quarters_are_texts() {
    let text = "week,ordinal,month,quarter\n2026-W01,2026-001,2026-01,2026-Q1\n2026-W02-3,2026-032,2026-02,2026-Q1\n2026-W53,2026-365,2026-12,2026-Q4\n";
    let expected = [
        json!(["2026-W01", "2026-001", "2026-01", "2026-Q1"]),
        json!(["2026-W02-3", "2026-032", "2026-02", "2026-Q1"]),
        json!(["2026-W53", "2026-365", "2026-12", "2026-Q4"]),
    ];
    check(text, rows(&["week", "ordinal", "month", "quarter"], &expected));
}

#[test]
fn dates_of_two_continents() {
    let american =
        "day,at\n04/13/2026,1/2/2026 1:05 PM\n12/31/2026,12/31/2026 12:00 AM\n1/1/2026,5/6/2026 11:59 AM\n";
    let expected = [
        json!(["2026-04-13", "2026-01-02T13:05:00Z"]),
        json!(["2026-12-31", "2026-12-31T00:00:00Z"]),
        json!(["2026-01-01", "2026-05-06T11:59:00Z"]),
    ];
    check(american, rows(&["day", "at"], &expected));
    let european =
        "day;at\n13/04/2026;2.1.2026 13:05\n31/12/2026;31.12.2026 00:00\n1/1/2026;6.5.2026 11:59\n";
    check(european, rows(&["day", "at"], &expected));
}

#[test]
fn names_of_months() {
    let text = "a,b\n\"Jan 5, 2026\",5-Jan-26\n\"Feb 17, 2026\",17-Feb-26\n\"Dec 31, 2025\",31-Dec-25\n";
    let expected = [
        json!(["2026-01-05", "2026-01-05"]),
        json!(["2026-02-17", "2026-02-17"]),
        json!(["2025-12-31", "2025-12-31"]),
    ];
    check(text, rows(&["a", "b"], &expected));
}

#[test]
fn seconds_and_milliseconds_since_1970() {
    let text = "id,created_at,updated_ms\n1,1767225600,1767225600123\n2,1767225601,1767225601000\n3,1798761599,1767225602500\n";
    let expected = [
        json!([1, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123Z"]),
        json!([2, "2026-01-01T00:00:01Z", "2026-01-01T00:00:01Z"]),
        json!([3, "2026-12-31T23:59:59Z", "2026-01-01T00:00:02.5Z"]),
    ];
    check(text, rows(&["id", "created_at", "updated_ms"], &expected));
}

#[test]
fn several_words_for_no_value() {
    let text = "id,a,b,c\n1,NA,-,NULL\n2,5,3.5,x\n3,,n/a,\n4,7,-,y\n5,N/A,1.25,-\n6,1,NULL,null\n";
    let expected = [
        json!([1, null, null, null]),
        json!([2, 5, 3.5, "x"]),
        json!([3, null, null, null]),
        json!([4, 7, null, "y"]),
        // A dash among words may be a word.
        json!([5, null, 1.25, "-"]),
        json!([6, 1, null, null]),
    ];
    check(text, rows(&["id", "a", "b", "c"], &expected));
}

#[test]
fn booleans_of_several_kinds() {
    let kinds = [
        ("true", "false"),
        ("Yes", "no"),
        ("Y", "N"),
        ("1", "0"),
        ("on", "off"),
        ("ja", "Nein"),
        ("vrai", "faux"),
    ];
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let is_true = |row: usize, column: usize| (row + column).is_multiple_of(2);
    let pick = |row: usize, (column, (yes, no)): (usize, (&'static str, &'static str))| {
        if is_true(row, column) { yes } else { no }
    };
    let line =
        |row: usize| kinds.into_iter().enumerate().map(|kind| pick(row, kind)).collect::<Vec<_>>().join(",");
    let text = format!("{}\n{}\n", names.join(","), (0..12).map(line).collect::<Vec<_>>().join("\n"));
    let expected: Vec<_> =
        (0..12).map(|row| (0..kinds.len()).map(|column| json!(is_true(row, column))).collect()).collect();
    check(&text, rows(&names, &expected));
}

#[test]
fn ids_keep_their_zeros_and_all_their_digits() {
    let text = "id,plz,phone,ean,big,hex\n001,01067,+49301234,4006381333931,9007199254740993,0x1F\n002,10115,0049307777,4006381333948,9007199254740995,0x2A\n003,99999,(030) 8888,4006381333955,9007199254740997,0xFF\n";
    let expected = [
        json!(["001", "01067", "+49301234", 4_006_381_333_931_u64, "9007199254740993", "0x1F"]),
        json!(["002", "10115", "0049307777", 4_006_381_333_948_u64, "9007199254740995", "0x2A"]),
        json!(["003", "99999", "(030) 8888", 4_006_381_333_955_u64, "9007199254740997", "0xFF"]),
    ];
    check(text, rows(&["id", "plz", "phone", "ean", "big", "hex"], &expected));
}

#[test]
fn places_in_two_columns_are_a_point_and_in_one_a_text_that_is_pointed_out() {
    let text = "stop,lat,lng\nA,48.1371,11.5754\nB,52.52,13.405\nC,-33.8688,151.2093\n";
    let point = |name, lat: f64, lon: f64| json!([name, lat, lon, {"lat": lat, "lon": lon}]);
    let expected = [point("A", 48.1371, 11.5754), point("B", 52.52, 13.405), point("C", -33.8688, 151.2093)];
    check(text, rows(&["stop", "lat", "lng", "location"], &expected));
    let text = "stop,position\nA,\"48.1371,11.5754\"\nB,\"52.5200, 13.4050\"\nC,\"-33.8688,151.2093\"\n";
    let expected = [
        json!(["A", "48.1371,11.5754"]),
        json!(["B", "52.5200, 13.4050"]),
        json!(["C", "-33.8688,151.2093"]),
    ];
    let found = check(text, rows(&["stop", "position"], &expected));
    assert!(found.toml.contains("two columns of floats make a `geo_point`"), "{}", found.toml);
}

#[test]
fn long_texts_with_their_language() {
    let english = format!("This place is great, {} and I loved it.", "really ".repeat(400));
    let german = format!("Das Essen war leider kalt, {} schade.", "sehr ".repeat(400));
    let text = format!("id,lang,review\n1,en,\"{english}\"\n2,de,\"{german}\"\n3,en,\"{english}\"\n");
    let expected = [json!([1, "en", english]), json!([2, "de", german]), json!([3, "en", english])];
    let found = check(&text, rows(&["id", "lang", "review"], &expected));
    for role in ["text = \"review\"", "language = \"lang\"", "document_id = \"id\""] {
        assert!(found.toml.contains(role), "{role}: {}", found.toml);
    }
}
