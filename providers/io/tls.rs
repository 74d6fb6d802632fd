//! What TLS trusts and shows.
//!
//! Roots are the system's, and not a list inside the binary: operators add their own CA to the
//! system and expect it to count, and a root that is withdrawn goes with the system's updates.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::http::{HttpError, Route};

/// The TLS side of a route.
pub(super) fn config(route: &Route) -> Result<ClientConfig, HttpError> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("TLS", &error))?
        .with_root_certificates(roots(route.roots_pem.as_deref())?);
    let mut config = match &route.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = certificates("the client certificate", &identity.chain_pem)?;
            let key = PrivateKeyDer::from_pem_slice(&identity.key_pem)
                .map_err(|error| wrong("the client key", &error))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| wrong("the client certificate", &error))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Those of a PEM, else the system's. A system without any is an error only once TLS is used: a
/// bare container may have none, and speak to `http` addresses alone.
fn roots(pem: Option<&[u8]>) -> Result<RootCertStore, HttpError> {
    let mut roots = RootCertStore::empty();
    match pem {
        Some(pem) => {
            for certificate in certificates("the CA file", pem)? {
                let added = roots.add(certificate);
                added.map_err(|error| wrong("the CA file", &error))?;
            }
        }
        None => {
            // Systems ship a few roots that no strict reader takes; the others count.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn certificates(what: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|error| wrong(what, &error))?;
    if all.is_empty() {
        return Err(wrong(what, &"there is no certificate in it"));
    }
    Ok(all)
}

fn wrong(what: &'static str, why: &dyn ToString) -> HttpError {
    let why = why.to_string();
    HttpError::Route { what, why }
}
