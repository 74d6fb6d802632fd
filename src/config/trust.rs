//! What a configuration says of TLS, block by block, and what follows for the server port.

use std::path::PathBuf;

use crate::tls::{self, MinVersion};

/// The blocks in `tls`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsBlocks {
    /// What holds where another block says nothing.
    pub defaults: TlsBlock,
    /// What holds for the server port.
    pub internal_rpc: TlsBlock,
}

/// One block in `tls`; none where it says nothing. Each field is the setting of the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsBlock {
    /// Certificates of the CA.
    pub ca_file: Option<PathBuf>,
    /// The agent's certificate.
    pub cert_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
    /// The oldest version.
    pub min_version: Option<MinVersion>,
    /// Callers show certificates.
    pub verify_incoming: Option<bool>,
    /// Servers show certificates.
    pub verify_outgoing: Option<bool>,
    /// Servers show certificates for the name of a server.
    pub verify_server_hostname: Option<bool>,
}

impl TlsBlocks {
    /// What follows for the server port: its own block before the defaults, and a name can only be
    /// asked for where a certificate is (agent reference, 5.6).
    pub(super) fn of_rpc(&self, server_name: String) -> tls::Settings {
        let (own, rest) = (&self.internal_rpc, &self.defaults);
        let file =
            |of: fn(&TlsBlock) -> &Option<PathBuf>| of(own).clone().or_else(|| of(rest).clone());
        let switch =
            |of: fn(&TlsBlock) -> Option<bool>| of(own).or_else(|| of(rest)).unwrap_or_default();
        let verify_server_hostname = switch(|block| block.verify_server_hostname);
        tls::Settings {
            ca_file: file(|block| &block.ca_file),
            cert_file: file(|block| &block.cert_file),
            key_file: file(|block| &block.key_file),
            min_version: own.min_version.or(rest.min_version).unwrap_or_default(),
            verify_incoming: switch(|block| block.verify_incoming),
            verify_outgoing: verify_server_hostname || switch(|block| block.verify_outgoing),
            verify_server_hostname,
            server_name,
        }
    }
}
