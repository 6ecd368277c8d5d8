//! The files of the page, which are compiled in.

use std::path::Path;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

/// The file that is served at `/`.
pub(super) const INDEX: &str = "index.html";

macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        /// Every file with its name.
        const ASSETS: &[(&str, &[u8])] = &[$(($name, include_bytes!(concat!("assets/", $name)))),*];
    };
}

assets![
    "app.js",
    "bars.js",
    "base.css",
    "calm.js",
    "chart.js",
    "chooser.js",
    "dom.js",
    "failure-detail.js",
    "failure-redrive.js",
    "flow-graph.js",
    "flow-layout.js",
    "flow-picture.js",
    "format.js",
    "icon.svg",
    "index.html",
    "invocation.js",
    "lanes.js",
    "map.js",
    "net.js",
    "objects.js",
    "parts.css",
    "record-parts.js",
    "ring.js",
    "route.js",
    "shell.css",
    "store.js",
    "ui.js",
    "uplot.css",
    "uplot.js",
    "view-compose.js",
    "view-data.js",
    "view-failures.js",
    "view-find.js",
    "view-flow.js",
    "view-functions.js",
    "view-record.js",
    "view-tail.js",
    "views.css",
];

/// Answers with the file of this name. If a folder is given, the file is read from there each time.
pub(super) fn answer(name: &str, folder: Option<&Path>) -> Response {
    let found = match folder {
        Some(folder) if is_name(name) => std::fs::read(folder.join(name)).ok(),
        Some(_) => None,
        None => ASSETS.iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.to_vec()),
    };
    match found {
        Some(bytes) => ([(CONTENT_TYPE, content_type(name))], bytes).into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such file of the page\n").into_response(),
    }
}

/// Whether a text can be an asset's name, so that it can't lead out of the folder.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    name.bytes().all(is_plain) && name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_compiled_in_and_has_a_plain_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page/assets");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let mut known: Vec<&str> = ASSETS.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        assert_eq!(known, there);
        for name in known {
            assert!(is_name(name) && content_type(name) != "application/octet-stream", "{name}");
        }
    }

    #[test]
    fn a_name_leads_out_of_no_folder() {
        for name in ["", ".", "..", "../Cargo.toml", "a/b", ".hidden", "/etc/passwd", "a\\b", "A.js"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
