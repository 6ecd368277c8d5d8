//! Checksums that a client declares for a body, compared with the body.

use std::collections::BTreeMap;

use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto::Checksum;
use s3s::{S3Result, s3_error};

const HEADER_PREFIX: &str = "x-amz-checksum-";
const ALGORITHMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

/// Checksums in base64 by algorithm, whose name is in lower case as in the header.
pub(super) type Checksums = BTreeMap<String, String>;

/// What a request says about its body's checksums.
#[derive(Clone, Debug, Default)]
pub(super) struct Declared {
    /// `Content-MD5`, in base64.
    pub md5: Option<String>,
    values: Checksums,
    /// Named in `x-amz-trailer`: the value follows the body.
    in_trailer: Vec<String>,
    /// Named in `x-amz-sdk-checksum-algorithm`: asked for, perhaps without a value.
    asked: Option<String>,
}

impl Declared {
    /// Reads a request's headers.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let known = |name: &str| ALGORITHMS.contains(&name).then(|| name.to_owned());
        let values = ALGORITHMS.iter().filter_map(|name| {
            text(&[HEADER_PREFIX, name].concat()).map(|value| ((*name).to_owned(), value.to_owned()))
        });
        let in_trailer = text("x-amz-trailer").unwrap_or_default().split(',');
        Self {
            md5: text("content-md5").map(str::to_owned),
            values: values.collect(),
            in_trailer: in_trailer
                .filter_map(|name| known(name.trim().strip_prefix(HEADER_PREFIX)?))
                .collect(),
            asked: text("x-amz-sdk-checksum-algorithm").and_then(|name| known(&name.to_ascii_lowercase())),
        }
    }

    /// A hasher for all that is declared.
    pub(super) fn hasher(&self) -> ChecksumHasher {
        hasher(self.values.keys().chain(&self.in_trailer).chain(&self.asked).map(String::as_str))
    }

    /// Compares what was declared, and what came in the trailers, with what was computed, and returns the
    /// latter.
    pub(super) fn verify(mut self, trailers: &HeaderMap, computed: &Checksum) -> S3Result<Checksums> {
        for name in &self.in_trailer {
            let value = trailers.get([HEADER_PREFIX, name].concat()).and_then(|value| value.to_str().ok());
            let value = value
                .ok_or_else(|| s3_error!(InvalidRequest, "the trailer has no {name}, which was announced"))?;
            self.values.insert(name.clone(), value.to_owned());
        }
        let computed = values(computed);
        for (name, declared) in &self.values {
            if computed.get(name) != Some(declared) {
                let name = name.to_uppercase();
                return Err(s3_error!(
                    BadDigest,
                    "The {name} you specified did not match the calculated checksum."
                ));
            }
        }
        Ok(computed)
    }
}

/// A hasher for the algorithms named.
pub(super) fn hasher<'a>(names: impl Iterator<Item = &'a str>) -> ChecksumHasher {
    let mut hasher = ChecksumHasher::default();
    for name in names {
        match name {
            "crc32" => hasher.crc32 = Some(Crc32::new()),
            "crc32c" => hasher.crc32c = Some(Crc32c::new()),
            "crc64nvme" => hasher.crc64nvme = Some(Crc64Nvme::new()),
            "sha1" => hasher.sha1 = Some(Sha1::new()),
            _ => hasher.sha256 = Some(Sha256::new()),
        }
    }
    hasher
}

/// From S3's form, a field an algorithm.
pub(super) fn values(checksum: &Checksum) -> Checksums {
    let fields = [
        ("crc32", &checksum.checksum_crc32),
        ("crc32c", &checksum.checksum_crc32c),
        ("crc64nvme", &checksum.checksum_crc64nvme),
        ("sha1", &checksum.checksum_sha1),
        ("sha256", &checksum.checksum_sha256),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
}

/// To S3's form.
pub(super) fn fields(checksums: &Checksums) -> Checksum {
    let value = |name: &str| checksums.get(name).cloned();
    Checksum {
        checksum_crc32: value("crc32"),
        checksum_crc32c: value("crc32c"),
        checksum_crc64nvme: value("crc64nvme"),
        checksum_sha1: value("sha1"),
        checksum_sha256: value("sha256"),
        checksum_type: None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    /// What comes of a body `hello` with these headers and trailers: its checksums, or the code of the refusal.
    #[track_caller]
    fn check(
        sent: &[(&'static str, &'static str)],
        trailers: &[(&'static str, &'static str)],
        expected: &str,
    ) {
        let declared = Declared::of(&headers(sent));
        let mut hasher = declared.hasher();
        hasher.update(b"hello");
        let found = match declared.verify(&headers(trailers), &hasher.finalize()) {
            Ok(checksums) => {
                let shown: Vec<_> =
                    checksums.into_iter().map(|(name, value)| format!("{name} {value}")).collect();
                shown.join(", ")
            }
            Err(error) => error.code().as_str().to_owned(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_checksum_is_held_against_the_body_wherever_it_is_declared() {
        check(&[], &[], "");
        check(&[("x-amz-checksum-crc32", "NhCmhg==")], &[], "crc32 NhCmhg==");
        check(&[("x-amz-checksum-crc32", "AAAAAA==")], &[], "BadDigest");
        check(&[("x-amz-checksum-crc32c", "mnG7TA==")], &[], "crc32c mnG7TA==");
        check(&[("x-amz-sdk-checksum-algorithm", "CRC32")], &[], "crc32 NhCmhg==");
        let trailer = [("x-amz-trailer", "x-amz-checksum-crc32")];
        check(&trailer, &[("x-amz-checksum-crc32", "NhCmhg==")], "crc32 NhCmhg==");
        check(&trailer, &[("x-amz-checksum-crc32", "AAAAAA==")], "BadDigest");
        check(&trailer, &[], "InvalidRequest");
        check(&[("x-amz-checksum-sha256", "AAAA")], &[], "BadDigest");
        check(&[("x-amz-checksum-md17", "AAAA")], &[], "");
    }
}
