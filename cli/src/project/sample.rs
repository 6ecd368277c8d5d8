//! Made-up rows for a project that is made without a file: weather stations with times, places, numbers and remarks.

use std::fmt::Write as _;

/// The names of weather stations, with latitude and longitude.
const STATIONS: [(&str, f64, f64); 5] = [
    ("Bergen", 60.39, 5.32),
    ("Lisbon", 38.72, -9.14),
    ("Nairobi", -1.29, 36.82),
    ("Osaka", 34.69, 135.50),
    ("Quito", -0.18, -78.47),
];
/// The remarks of observers.
const REMARKS: [&str; 4] = [
    "A lovely clear morning, and the air is wonderful",
    "Terrible rain all day, the gauge is broken again",
    "Clouds in the west and a light wind from the sea",
    "Fog until noon, nothing unusual to report today",
];
const ROWS: u32 = 240;

/// Writes a CSV file with a header.
pub(super) fn rows() -> String {
    let mut out =
        String::from("reading_id,observed_at,station,latitude,longitude,temperature_c,humidity,remark\n");
    for (n, (station, latitude, longitude)) in (0..ROWS).zip(STATIONS.iter().cycle()) {
        let (hour, wave) = (n % 24, f64::from(n).sin());
        let remark = REMARKS.iter().cycle().nth(usize::try_from(n / 3).unwrap_or(0)).unwrap_or(&"");
        // A write to a String can't fail.
        let _ = writeln!(
            out,
            "R-{n:05},2026-03-{:02}T{hour:02}:{:02}:00Z,{station},{:.4},{:.4},{:.1},{},\"{remark}\"",
            1 + n / 24,
            n * 7 % 60,
            latitude + wave / 50.0,
            longitude - wave / 40.0,
            16.0 + 9.0 * wave + f64::from(hour) / 4.0,
            40 + n * 13 % 55,
        );
    }
    out
}
