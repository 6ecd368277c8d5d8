//! The HTTP client for every service and source, the certificates that it trusts, and bodies of bounded size.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use reqwest::{ClientBuilder, Response};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::BoxError;
use crate::settings::Settings;

/// OpenSSL and the AWS SDKs of other languages use this name too.
const BUNDLE: &str = "SSL_CERT_FILE";
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// The certificates that the clients of this process trust: Mozilla's roots, which are compiled in, or those
/// of a bundle that replaces them.
///
/// The machine's own roots are not looked for: finding and reading them takes twice as long as the whole rest
/// of a cold start.
#[derive(Clone, Default)]
pub struct TrustedRoots(Option<Bundle>);

#[derive(Clone)]
struct Bundle {
    path: String,
    tls: Arc<ClientConfig>,
}

impl TrustedRoots {
    /// Reads the bundle that `SSL_CERT_FILE` names, a PEM file of certificates. A bundle that can't be used
    /// is a fault of the settings.
    pub fn read(settings: &mut Settings) -> Self {
        let Some(path) = settings.optional(BUNDLE) else { return Self::default() };
        match read_bundle(Path::new(&path)) {
            Ok(roots) => Self(Some(Bundle { path, tls: Arc::new(trusting(roots)) })),
            Err(error) => {
                settings.reject(BUNDLE, &path, &format!("a file of certificates in PEM ({error})"));
                Self::default()
            }
        }
    }

    fn tls(&self) -> ClientConfig {
        self.0.as_ref().map_or_else(|| MOZILLA.clone(), |bundle| ClientConfig::clone(&bundle.tls))
    }
}

impl PartialEq for TrustedRoots {
    fn eq(&self, other: &Self) -> bool {
        let path = |roots: &Self| roots.0.as_ref().map(|bundle| bundle.path.clone());
        path(self) == path(other)
    }
}

impl Eq for TrustedRoots {}

impl fmt::Debug for TrustedRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or("Mozilla's", |bundle| &bundle.path))
    }
}

/// Makes a client builder for an endpoint, or for any server if none is given. For a plain http endpoint no
/// roots are loaded.
pub(crate) fn client_builder(endpoint_url: Option<&str>, roots: &TrustedRoots) -> ClientBuilder {
    let is_plain = endpoint_url.is_some_and(|url| url.starts_with("http://"));
    ClientBuilder::new()
        .tls_backend_preconfigured(if is_plain { trusting(RootCertStore::empty()) } else { roots.tls() })
        .user_agent(concat!("kinflow/", env!("CARGO_PKG_VERSION")))
}

/// Why the body of an answer was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The connection broke off. The error does not name the URL, which may have a password in it.
    #[error(transparent)]
    Broken(reqwest::Error),
    /// The server sends more than is read.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// The most bytes that are read.
        limit: usize,
    },
}

/// The whole body of an answer, which has at most `limit` bytes.
pub(crate) async fn body_within(mut response: Response, limit: usize) -> Result<Bytes, BodyError> {
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| BodyError::Broken(error.without_url()))? {
        if body.len() + piece.len() > limit {
            return Err(BodyError::TooLong { limit });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

static MOZILLA: LazyLock<ClientConfig> =
    LazyLock::new(|| trusting(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()));

fn trusting(roots: RootCertStore) -> ClientConfig {
    // Only one provider of cryptography is compiled in, so it is the default.
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

fn read_bundle(path: &Path) -> Result<RootCertStore, BoxError> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates(&fs::read(path)?));
    if added == 0 {
        return Err("it contains no certificate".into());
    }
    Ok(roots)
}

/// The certificates of a PEM bundle (RFC 7468). The PEM crates decode in constant time, as private keys
/// require. They would take 2 ms for a bundle of public certificates, and this takes 0.1 ms.
fn certificates(bundle: &[u8]) -> impl Iterator<Item = CertificateDer<'static>> {
    memmem::find_iter(bundle, BEGIN).filter_map(|start| {
        let block = bundle.get(start + BEGIN.len()..)?;
        let base64 = block.get(..memmem::find(block, END)?)?;
        base64_simd::forgiving_decode_to_vec(base64).ok().map(CertificateDer::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::pem::PemObject;

    const MADE_UP: &[u8] = b"# Example Root CA\r\n-----BEGIN CERTIFICATE-----\r\nAAECAwQF\r\nBgc=\r\n\
        -----END CERTIFICATE-----\n-----BEGIN EC PARAMETERS-----\nAAEC\n-----END EC PARAMETERS-----\n\
        -----BEGIN CERTIFICATE-----\nCAkKCwwNDg8=\n-----END CERTIFICATE-----\n\
        -----BEGIN CERTIFICATE-----\nCAkK";

    #[test]
    fn a_bundle_is_read_as_its_crate_reads_it_and_a_cut_end_is_left_out() {
        let found: Vec<_> = certificates(MADE_UP).collect();
        let whole = CertificateDer::pem_slice_iter(MADE_UP).map_while(Result::ok);
        assert_eq!(found, whole.collect::<Vec<_>>());
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_bundle_without_a_certificate_is_refused() {
        let not_pem = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert!(read_bundle(Path::new(not_pem)).is_err());
        assert!(read_bundle(Path::new("/no/such/bundle.pem")).is_err());
    }

    #[test]
    fn a_client_can_be_made_without_a_bundle() {
        let roots = TrustedRoots::read(&mut Settings::from_map([(BUNDLE, "")]));
        assert!(client_builder(None, &roots).build().is_ok());
        assert!(client_builder(Some("http://127.0.0.1:1"), &roots).build().is_ok());
    }

    #[test]
    fn a_bundle_that_cannot_be_used_is_a_fault_of_the_settings() {
        let mut settings = Settings::from_map([(BUNDLE, "/no/such/bundle.pem")]);
        assert_eq!(TrustedRoots::read(&mut settings), TrustedRoots::default());
        let faults = settings.finish().unwrap_err().faults;
        assert!(
            faults[0].starts_with("SSL_CERT_FILE is \"/no/such/bundle.pem\", expected a file of"),
            "{faults:?}"
        );
    }
}
