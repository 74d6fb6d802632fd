//! Which files and switches hold for the connections between agents.

use std::path::PathBuf;

use crate::types::Datacenter;

/// The oldest version that is spoken. rustls has none older than these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MinVersion {
    /// TLS 1.2.
    #[default]
    V12,
    /// TLS 1.3.
    V13,
}

impl MinVersion {
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V12 => "TLSv1_2",
            Self::V13 => "TLSv1_3",
        }
    }
}

/// What `tls.internal_rpc` says, with `tls.defaults` where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Certificates of those whose signature is trusted.
    pub ca_file: Option<PathBuf>,
    /// This agent's certificate, and those between it and the CA.
    pub cert_file: Option<PathBuf>,
    /// The key of the certificate.
    pub key_file: Option<PathBuf>,
    /// The oldest version.
    pub min_version: MinVersion,
    /// Callers have to speak TLS and to show a certificate of the CA.
    pub verify_incoming: bool,
    /// Connections are dialled with TLS, and the listener has to show a certificate of the CA.
    pub verify_outgoing: bool,
    /// What calls itself a server has to show a certificate for the name of a server.
    pub verify_server_hostname: bool,
    /// The name of a server of this datacenter.
    pub server_name: String,
}

/// The name that a server's certificate is for, as Consul has it (agent reference, 5.6).
pub fn server_name(datacenter: &Datacenter) -> String {
    format!("server.{datacenter}.consul")
}
