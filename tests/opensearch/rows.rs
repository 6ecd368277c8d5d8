//! Reads the rows of a file of crimes without any of kinflow's code, to compare queries with them.

use jiff::civil::Date;

/// One row.
pub(super) struct Row {
    pub(super) day: Date,
    pub(super) district: i64,
    pub(super) grid: i64,
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

/// Reads every row of a file, whatever its line ends are.
pub(super) fn rows(text: &str) -> Vec<Row> {
    let lines = text.split(['\r', '\n']).filter(|line| !line.is_empty());
    lines.skip(1).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split(',').collect();
    let [time, _, district, _, grid, _, _, latitude, longitude] = cells.as_slice() else { panic!("{line}") };
    let date: Vec<i16> =
        time.split(' ').next().unwrap().split('/').map(|part| part.parse().unwrap()).collect();
    let part = |index: usize| i8::try_from(date[index]).unwrap();
    Row {
        day: Date::new(2000 + date[2], part(0), part(1)).unwrap(),
        district: district.parse().unwrap(),
        grid: grid.parse().unwrap(),
        latitude: latitude.parse().unwrap(),
        longitude: longitude.parse().unwrap(),
    }
}

/// Two days between which some of the rows are.
pub(super) fn middle_days(rows: &[Row]) -> (Date, Date) {
    let mut days: Vec<Date> = rows.iter().map(|row| row.day).collect();
    days.sort_unstable();
    (days[days.len() / 4], days[days.len() * 3 / 4])
}

/// The start of a day, in the form in which documents have times.
pub(super) fn written(day: Date) -> String {
    day.strftime("%Y/%m/%d 00:00:00").to_string()
}

/// The distance between a row and a place on the earth, in metres.
pub(super) fn metres(row: &Row, latitude: f64, longitude: f64) -> f64 {
    let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let (north, east) = (half(row.latitude, latitude), half(row.longitude, longitude));
    let cosines = row.latitude.to_radians().cos() * latitude.to_radians().cos();
    2.0 * 6_371_008.8 * (north + cosines * east).sqrt().asin()
}
