//! Makes a CA, and certificates that it signs (agent reference, 4.5).
//!
//! Keys are ECDSA P-256, as Consul's are. A certificate that was made is checked against the CA
//! before anybody gets it, as an agent would check it.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::UnixTime;
use rustls::server::ParsedCertificate;

use super::{TlsError, files};

/// How far a certificate reaches back. Chosen: clocks of two machines differ by less.
const BACKDATED: Duration = Duration::from_mins(5);
/// The longest life of a certificate, in days. Chosen: dates of certificates have four digits for
/// the year.
const DAYS_MAX: u32 = 36_500;

/// A certificate and its key, in PEM.
pub struct Made {
    /// The certificate.
    pub certificate: String,
    /// The key; a secret.
    pub key: String,
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// What a CA is to be.
#[derive(Debug, Clone)]
pub struct Ca {
    /// Its name.
    pub common_name: String,
    /// How long it is valid, in days.
    pub days: u32,
    /// Domains below which all its certificates have to be; none for any.
    pub domains: Vec<String>,
}

/// What a certificate is to be.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Its name, `server.<datacenter>.<domain>` for a server; `localhost` and 127.0.0.1 are added.
    pub name: String,
    /// How long it is valid, in days.
    pub days: u32,
    /// More DNS names.
    pub dns_names: Vec<String>,
    /// More addresses.
    pub addresses: Vec<IpAddr>,
}

impl Ca {
    /// Makes the CA.
    ///
    /// # Errors
    /// A name that cannot be in a certificate, or a time that is too long.
    pub fn make(&self) -> Result<Made, TlsError> {
        let mut params = params(&self.common_name, self.days)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
        ];
        if !self.domains.is_empty() {
            let domains = self.domains.iter().cloned();
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: domains.map(GeneralSubtree::DnsName).collect(),
                excluded_subtrees: Vec::new(),
            });
        }
        let key = KeyPair::generate().map_err(|error| failed(&error))?;
        let made = params.self_signed(&key).map_err(|error| failed(&error))?;
        Ok(Made {
            certificate: made.pem(),
            key: key.serialize_pem(),
        })
    }
}

impl Wish {
    /// Makes the certificate, signed by the CA whose files these are.
    ///
    /// # Errors
    /// A file that cannot be used, or a name that cannot be in a certificate.
    pub fn make(&self, ca_file: &Path, ca_key_file: &Path) -> Result<Made, TlsError> {
        let (ca, ca_key) = (text("CA file", ca_file)?, text("CA key", ca_key_file)?);
        let roots = files::roots(ca_file)?;
        let ca_key = KeyPair::from_pem(&ca_key).map_err(|_shows_the_key| {
            files::content(
                "CA key",
                ca_key_file,
                "has no key in PKCS 8 form (-----BEGIN PRIVATE KEY-----); one of Consul becomes it \
                 by `openssl pkcs8 -topk8 -nocrypt`",
            )
        })?;
        let issuer = Issuer::from_ca_cert_pem(&ca, ca_key)
            .map_err(|error| files::content("CA file", ca_file, error.to_string()))?;
        let key = KeyPair::generate().map_err(|error| failed(&error))?;
        let params = self.params()?;
        let made = params
            .signed_by(&key, &issuer)
            .map_err(|error| failed(&error))?;
        let parsed = ParsedCertificate::try_from(made.der());
        let checked = parsed.and_then(|parsed| {
            let algorithms = rustls::crypto::ring::default_provider()
                .signature_verification_algorithms
                .all;
            let now = UnixTime::now();
            verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &[], now, algorithms)
        });
        checked.map_err(|error| {
            files::content(
                "CA key",
                ca_key_file,
                format!(
                    "does not sign for {} what agents would take ({error}); give the two that were \
                     made together, and names that the CA allows",
                    ca_file.display()
                ),
            )
        })?;
        Ok(Made {
            certificate: made.pem(),
            key: key.serialize_pem(),
        })
    }

    fn params(&self) -> Result<CertificateParams, TlsError> {
        let mut params = params(&self.name, self.days)?;
        let own = [self.name.clone(), "localhost".to_owned()];
        for name in own.iter().chain(&self.dns_names) {
            let name = name
                .as_str()
                .try_into()
                .map_err(|_unfit| TlsError::Make(format!("{name:?} cannot be a DNS name")))?;
            params.subject_alt_names.push(SanType::DnsName(name));
        }
        let own = [IpAddr::from([127, 0, 0, 1])];
        for address in own.iter().chain(&self.addresses) {
            params.subject_alt_names.push(SanType::IpAddress(*address));
        }
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }
}

fn params(common_name: &str, days: u32) -> Result<CertificateParams, TlsError> {
    if days == 0 || days > DAYS_MAX {
        return Err(TlsError::Make(format!(
            "{days} days is out of range; take 1 to {DAYS_MAX}"
        )));
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let now = SystemTime::now();
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + Duration::from_hours(24) * days).into();
    Ok(params)
}

fn text(what: files::What, path: &Path) -> Result<String, TlsError> {
    let bytes = files::read(what, path)?;
    String::from_utf8(bytes).map_err(|_shows_the_key| files::content(what, path, "is not PEM"))
}

fn failed(error: &rcgen::Error) -> TlsError {
    TlsError::Make(error.to_string())
}
