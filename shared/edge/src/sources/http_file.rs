//! A file on a web server, as an event names it.

use serde::Deserialize;

use super::{Access, FileSource, Format, Found, HttpBytes, OpenError, Version};

/// A file on a web server, compressed or not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpFileSpec {
    /// Its URL. Plain http is allowed for this machine only.
    pub url: String,
    /// What it holds.
    pub format: Format,
}

impl HttpFileSpec {
    pub(super) fn name(&self) -> String {
        self.url.clone()
    }

    pub(super) async fn find<O>(
        &self,
        access: &Access<'_, O>,
    ) -> Result<Found<FileSource<HttpBytes>>, OpenError> {
        let bytes = HttpBytes::open(access.http_client()?, &self.url).await?;
        let version =
            bytes.version().map_or(Version::Unproven, |version| Version::Proven(version.to_owned()));
        let form = access.file_form(self.format, self.name());
        let found = Found::new(|start| Ok(FileSource::new(bytes, form, start.resume.position)));
        Ok(Found { version, ..found })
    }
}
