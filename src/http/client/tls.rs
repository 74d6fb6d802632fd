//! The TLS that an HTTP library wants to be handed, for clients that speak plain HTTP alone.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// Trusts nobody, so that no `https` address can be asked by accident. It is handed over because
/// the library is built with TLS for the providers and refuses to make a client without any.
///
/// # Errors
/// If the cryptography of this build lacks what TLS needs, which no input can change.
pub fn plain_http() -> Result<ClientConfig, rustls::Error> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions()?;
    let nobody = RootCertStore::empty();
    Ok(builder.with_root_certificates(nobody).with_no_client_auth())
}
