//! What a sample leaves open is asked, and an answer is respected.

use infer::{Finding, Options, Sample, data_set_name, infer};
use serde_json::json;

use crate::support::{documents, found, options};

fn answered(text: &str, field: &str, answer: usize) -> Finding {
    let answers = [(field.to_owned(), answer)].into();
    infer(Sample { bytes: text.as_bytes(), is_whole: true }, &Options { answers, ..options() }).unwrap()
}

#[test]
fn a_date_that_may_have_the_day_or_the_month_first_is_asked() {
    let text = "when,n\n3/4/2026,1\n5/6/2026,2\n7/8/2026,3\n";
    let finding = found(text.as_bytes());
    let question = &finding.questions[0];
    assert_eq!(
        (&*question.field, &*question.text),
        ("when", "`3/4/2026` has either the day or the month first")
    );
    assert_eq!((question.readings.len(), question.chosen), (2, 1));
    assert!(finding.toml.contains("read here as month first, but it may be day first"), "{}", finding.toml);
    for (answer, day) in [(0, "2026-04-03"), (1, "2026-03-04")] {
        let finding = answered(text, "when", answer);
        assert_eq!(finding.questions[0].chosen, answer);
        assert_eq!(documents(&finding, text)[0]["when"], json!(day));
    }
}

#[test]
fn another_column_that_proves_the_order_answers_for_its_neighbours() {
    let finding = found(b"a,b\n3/4/2026,31/12/2026\n5/6/2026,30/11/2026\n");
    assert_eq!(finding.questions[0].chosen, 0);
    assert!(finding.toml.matches("formats = [\"d/M/yyyy\"]").count() == 1, "{}", finding.toml);
}

#[test]
fn a_number_that_may_have_thousands_or_decimals_is_asked_and_its_file_answers() {
    let text = "a;b\n1.234;0,5\n2.345;1,25\n";
    let finding = found(text.as_bytes());
    assert_eq!(finding.questions[0].text, "`1.234` is either the number 1234 or 1.234");
    assert_eq!(documents(&finding, text)[0], json!({"a": 1234, "b": 0.5}));
    assert_eq!(documents(&answered(text, "a", 1), text)[0], json!({"a": 1.234, "b": 0.5}));
    let alone = "a;b\n1.234;x\n2.345;y\n";
    assert_eq!(documents(&found(alone.as_bytes()), alone)[0], json!({"a": 1.234, "b": "x"}));
}

#[test]
fn a_column_of_another_form_than_its_file_says_so_itself() {
    let text = "price;lat\n1.234,50;52.5170\n7,25;48.1351\n";
    let finding = found(text.as_bytes());
    assert!(finding.questions.is_empty(), "{:?}", finding.questions);
    assert_eq!(documents(&finding, text)[0], json!({"price": 1234.5, "lat": 52.517}));
}

#[test]
fn whole_numbers_that_may_be_times_are_asked() {
    let text = "serial,n\n1767225600,1\n1767225601,2\n1767225602,3\n";
    let finding = found(text.as_bytes());
    assert_eq!(documents(&finding, text)[0]["serial"], json!(1_767_225_600));
    assert_eq!(documents(&answered(text, "serial", 0), text)[0]["serial"], json!("2026-01-01T00:00:00Z"));
}

#[test]
fn a_zone_that_is_given_is_that_of_times_without_one() {
    let text = "at;n\n31.07.2026 12:00;1\n30.07.2026 13:00;2\n";
    let options = Options { zone: Some("Europe/Berlin".to_owned()), ..options() };
    let finding = infer(Sample { bytes: text.as_bytes(), is_whole: true }, &options).unwrap();
    assert_eq!(documents(&finding, text)[0]["at"], json!("2026-07-31T12:00:00+02:00"));
}

#[test]
fn a_data_set_is_called_as_its_file() {
    for (file, name) in [
        ("Bestellungen 2025.csv.gz", "bestellungen_2025"),
        ("orders.tsv", "orders"),
        ("日本.csv", "records"),
        (".csv", "csv"),
    ] {
        assert_eq!(data_set_name(file), name, "{file}");
    }
}
