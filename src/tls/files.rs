//! Reads certificates and keys of PEM files, bounded.

use std::io::Read as _;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsError;
use crate::host::open_regular;

/// The largest file that is read, in bytes. Chosen: a bundle of all public CAs is a quarter of it.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The name of a setting, for messages.
pub(super) type What = &'static str;

/// Reads a file whole.
pub(super) fn read(what: What, path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    open_regular(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| TlsError::Read {
            what,
            path: path.to_owned(),
            why: error.to_string(),
        })?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > FILE_BYTES_MAX) {
        return Err(TlsError::Size {
            what,
            path: path.to_owned(),
            max_bytes: FILE_BYTES_MAX,
        });
    }
    Ok(bytes)
}

/// A file that is not what it should be.
pub(super) fn content(what: What, path: &Path, why: impl Into<String>) -> TlsError {
    TlsError::Content {
        what,
        path: path.to_owned(),
        why: why.into(),
    }
}

/// The certificates of a file; at least one.
pub(super) fn certificates(
    what: What,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(what, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_none) => Err(content(
            what,
            path,
            "has no certificate in PEM form (-----BEGIN CERTIFICATE-----); see whether it is the \
             right file",
        )),
        Err(_damaged) => Err(content(what, path, "is damaged PEM; make it anew")),
    }
}

/// The certificates whose signatures are trusted.
pub(super) fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    const WHAT: What = "ca_file";
    let mut roots = RootCertStore::empty();
    for certificate in certificates(WHAT, path)? {
        roots.add(certificate).map_err(|_unfit| {
            content(
                WHAT,
                path,
                "has a certificate that cannot be read; make it anew",
            )
        })?;
    }
    Ok(roots)
}

/// The key of a file. What is wrong is said without a byte of it.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    const WHAT: What = "key_file";
    let text = read(WHAT, path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|_shows_the_key| {
        content(
            WHAT,
            path,
            "has no key in PEM form that is not encrypted (-----BEGIN PRIVATE KEY-----); see whether \
             it is the right file",
        )
    })
}
