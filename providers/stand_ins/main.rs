//! The providers before real programs: those that answer in production, or that others test with.
//!
//! Left out, and saying so, unless `QUORATE_STAND_INS` names the folder of the programs:
//! `just stand-ins` gets them and runs these tests. Each test starts what it needs at an address of
//! its own and ends it by its process id. A program that is not in the folder could not be had.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends at the unexpected, and says what it left out"
)]

mod dns;
#[cfg(feature = "aws")]
mod ec2;
#[path = "../../tests/support/eventually.rs"]
mod eventually;
mod http_sd;
mod kubernetes;
mod program;

use eventually::{PATIENCE, eventually};
use program::{Place, Program, program};
use quorate_providers::{Answer, Io, Query, ResolveError, resolve};

/// Resolves a string with the doors of this machine.
async fn ask(string: &str) -> Result<Answer, ResolveError> {
    resolve(&Query::parse(string).unwrap(), &Io::real()).await
}

/// The contacts as people see them.
fn shown(answer: &Answer) -> Vec<String> {
    answer.contacts.iter().map(ToString::to_string).collect()
}

/// The parts that are missing.
fn gaps(answer: &Answer) -> Vec<&str> {
    answer.gaps.iter().map(|gap| gap.part.as_str()).collect()
}

/// A client of HTTP for what the tests themselves ask, which trusts these roots and no others.
fn client(roots_pem: Option<&[u8]>) -> reqwest::Client {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = rustls::RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(roots_pem.unwrap_or_default()) {
        roots.add(root.unwrap()).unwrap();
    }
    let ring = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}
