//! What keeps two agents from speaking TLS with each other, in words for an operator.
//!
//! Each side sees another end of it: the one that refuses knows why, the other one is told by an
//! alert, which is one byte. What that byte can mean is spelt out.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};

/// The code of all of them, for the log and for refusals.
const CODE: &str = "tls-mismatch";

/// Why a connection did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// We dialled in plain.
    #[error(
        "it takes TLS only, and this agent dials in plain; set ca_file, cert_file, key_file and \
         verify_outgoing in the block tls here"
    )]
    WantsTls,
    /// We dialled with TLS.
    #[error(
        "it speaks plain, and this agent dials with TLS; set ca_file, cert_file and key_file in the \
         block tls there"
    )]
    SpeaksPlain,
    /// It called in plain.
    #[error(
        "it calls in plain, and verify_incoming takes TLS only here; set ca_file, cert_file, key_file \
         and verify_outgoing in the block tls there"
    )]
    CallsInPlain,
    /// It called with TLS.
    #[error(
        "it calls with TLS, and this agent has no certificate to answer with; set cert_file and \
         key_file in the block tls here"
    )]
    CallsWithTls,
    /// We do not take its certificate.
    #[error("its certificate is not taken: {0}")]
    Theirs(String),
    /// It does not take ours.
    #[error("it does not take this agent's certificate: {0}")]
    Ours(String),
    /// It called as a server, with a certificate that is not a server's.
    #[error(
        "who speaks as a server shows a certificate for {0}, and this one is for another name; make it \
         with `quorate tls cert create -server`"
    )]
    NotServer(String),
    /// Anything else.
    #[error("the TLS handshake failed: {0}")]
    Handshake(String),
}

impl Fault {
    /// What an error of a stream means, if TLS is what it is about.
    pub fn of_io(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        inner.downcast_ref::<Error>().map(Self::of)
    }

    /// What a service's refusal means, if TLS is what it is about.
    pub fn of_refusal(reason: &str) -> Option<Self> {
        let told = reason.strip_prefix(CODE)?.trim_start_matches(": ");
        Some(Self::Ours(told.to_owned()))
    }

    /// The fault as a refusal, from which the other side reads it back.
    pub fn as_refusal(&self) -> String {
        format!("{CODE}: {self}")
    }

    /// What an error of the handshake means.
    pub(super) fn of_handshake(error: &io::Error) -> Self {
        Self::of_io(error).unwrap_or_else(|| match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                Self::Handshake("it closed the connection within the handshake".to_owned())
            }
            kind => Self::Handshake(kind.to_string()),
        })
    }

    fn of(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(why) => Self::Theirs(certificate(why)),
            Error::NoCertificatesPresented => Self::Theirs(
                "it shows none; set cert_file and key_file in the block tls there".to_owned(),
            ),
            Error::AlertReceived(alert) => of_alert(*alert),
            Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => Self::SpeaksPlain,
            Error::PeerIncompatible(why) => Self::Handshake(format!("{why:?}")),
            other => Self::Handshake(other.to_string()),
        }
    }
}

/// An alert is the other side's word.
fn of_alert(alert: AlertDescription) -> Fault {
    let told = match alert {
        AlertDescription::CertificateRequired => {
            "it wants one; set cert_file and key_file in the block tls here"
        }
        // The second: of the same name, with another key.
        AlertDescription::UnknownCA | AlertDescription::DecryptError => {
            "another CA signed it than the one it trusts"
        }
        AlertDescription::CertificateExpired => {
            "it is out of date there; renew it, or set the clock"
        }
        AlertDescription::BadCertificate => {
            "it is not for the name that it asks for, or is damaged; a server's is for \
             server.<datacenter>.consul"
        }
        AlertDescription::UnsupportedCertificate => "it was made for another use",
        AlertDescription::CertificateUnknown | AlertDescription::CertificateRevoked => {
            "it says no more"
        }
        other => return Fault::Handshake(format!("it sent the alert {other:?}")),
    };
    Fault::Ours(told.to_owned())
}

fn certificate(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "another CA signed it than the one in ca_file; make both agents' certificates with one CA"
                .to_owned()
        }
        CertificateError::NotValidForName => "it is for another name".to_owned(),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => format!(
            "it has to be for {}, and is for {}",
            expected.to_str(),
            names(presented)
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired; renew it, or set the clock".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; set the clock".to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it was made for another use: a client's does not serve for a server".to_owned()
        }
        other => other.to_string(),
    }
}

/// The first few names that a certificate is for; a stranger's certificate may have thousands.
fn names(presented: &[String]) -> String {
    const SHOWN: usize = 4;
    if presented.is_empty() {
        return "no name".to_owned();
    }
    let shown: Vec<String> = presented
        .iter()
        .take(SHOWN)
        .map(|name| bare(name).chars().take(80).collect())
        .collect();
    shown.join(", ")
}

/// A name without the word of rustls for its kind, as in `DnsName("a.example")`.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_kind, rest)| rest);
    inner.trim_end_matches(')').trim_matches('"')
}
