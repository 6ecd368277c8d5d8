//! The HTTP client under S3, Kinesis and the sources: one TLS configuration for the process.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use memchr::memmem;
use reqwest::ClientBuilder;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::BoxError;
use crate::settings::Settings;

/// The name that OpenSSL and the AWS SDKs of other languages give it, too.
const BUNDLE: &str = "SSL_CERT_FILE";
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// A client builder for an endpoint, or for any server.
///
/// Over plain http nobody is trusted, and no bundle is read. Else it trusts the roots of `SSL_CERT_FILE`, a PEM bundle, where that is set and can be read,
/// else Mozilla's as compiled in.
///
/// The machine's own are not looked for: finding and reading them takes twice as long as all the rest of a
/// cold start.
pub(crate) fn client_builder(endpoint_url: Option<&str>) -> ClientBuilder {
    let is_plain = endpoint_url.is_some_and(|url| url.starts_with("http://"));
    ClientBuilder::new()
        .tls_backend_preconfigured(if is_plain { trusting(RootCertStore::empty()) } else { TLS.clone() })
        .user_agent(concat!("kinflow/", env!("CARGO_PKG_VERSION")))
}

static TLS: LazyLock<ClientConfig> = LazyLock::new(|| trusting(roots()));

fn trusting(roots: RootCertStore) -> ClientConfig {
    // One provider of cryptography is compiled in, which is therefore the default.
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

fn roots() -> RootCertStore {
    let compiled = || webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let Some(path) = Settings::from_env().optional(BUNDLE) else { return compiled() };
    read_bundle(Path::new(&path)).unwrap_or_else(|error| {
        tracing::warn!(path, error, "{BUNDLE} can't be used, expected a PEM bundle; Mozilla's roots are");
        compiled()
    })
}

fn read_bundle(path: &Path) -> Result<RootCertStore, BoxError> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates(&fs::read(path)?));
    if added == 0 {
        return Err("no certificate in it".into());
    }
    Ok(roots)
}

/// The certificates of a PEM bundle (RFC 7468). Its crates decode in constant time, as keys need it: a bundle of
/// public certificates takes them 2 ms, and this 0.1.
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
        assert!(
            client_builder(None).build().is_ok()
                && client_builder(Some("http://127.0.0.1:1")).build().is_ok()
        );
        assert!(!webpki_roots::TLS_SERVER_ROOTS.is_empty());
    }
}
