//! What was made of the files: how this agent listens and how it dials.

use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{
    ClientConfig, Error, InconsistentKeys, RootCertStore, ServerConfig, SupportedProtocolVersion,
    version,
};

use super::files::{self, content};
use super::verify::ChainOnly;
use super::{MinVersion, Settings, TlsError};

const SINCE_12: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
const SINCE_13: &[&SupportedProtocolVersion] = &[&version::TLS13];

/// Certificate chain and key.
type Own = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What holds for new connections.
#[derive(Default)]
pub(super) struct Material {
    /// How TLS is answered; none if it cannot be.
    pub(super) server: Option<Arc<ServerConfig>>,
    /// Plain callers are turned away.
    pub(super) is_strict: bool,
    /// How TLS is dialled; none if connections are plain.
    pub(super) client: Option<Arc<ClientConfig>>,
    /// The name that a server's certificate is for.
    pub(super) server_name: Option<ServerName<'static>>,
    /// Who calls as a server has to show that name.
    pub(super) asks_callers_for_name: bool,
}

impl Material {
    /// Reads and checks everything.
    pub(super) fn load(settings: &Settings) -> Result<Self, TlsError> {
        let roots = settings.ca_file.as_deref().map(files::roots).transpose()?;
        let own = match (&settings.cert_file, &settings.key_file) {
            (Some(cert), Some(key)) => {
                Some((files::certificates("cert_file", cert)?, files::key(key)?))
            }
            _ => None,
        };
        let loader = Loader {
            settings,
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            roots: roots.map(Arc::new),
        };
        let copy = own
            .as_ref()
            .map(|(chain, key)| (chain.clone(), key.clone_key()));
        let server = own.map(|own| loader.server(own)).transpose()?;
        if settings.verify_incoming && server.is_none() {
            return Err(TlsError::Missing(
                "verify_incoming needs cert_file and key_file",
            ));
        }
        let client = settings
            .verify_outgoing
            .then(|| loader.client(copy))
            .transpose()?;
        let server_name = ServerName::try_from(settings.server_name.clone());
        Ok(Self {
            server: server.map(Arc::new),
            is_strict: settings.verify_incoming,
            client: client.map(Arc::new),
            server_name: server_name.ok(),
            asks_callers_for_name: settings.verify_incoming && settings.verify_server_hostname,
        })
    }
}

struct Loader<'a> {
    settings: &'a Settings,
    provider: Arc<CryptoProvider>,
    roots: Option<Arc<RootCertStore>>,
}

impl Loader<'_> {
    const fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        match self.settings.min_version {
            MinVersion::V12 => SINCE_12,
            MinVersion::V13 => SINCE_13,
        }
    }

    fn roots(&self, missing: &'static str) -> Result<Arc<RootCertStore>, TlsError> {
        self.roots.clone().ok_or(TlsError::Missing(missing))
    }

    fn server(&self, (chain, key): Own) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(self.versions())
            .map_err(|error| self.unfit(&error))?;
        let builder = if self.settings.verify_incoming {
            let roots = self.roots("verify_incoming needs ca_file")?;
            let provider = Arc::clone(&self.provider);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                // A list of CAs in each handshake tells a stranger more than he needs.
                .clear_root_hint_subjects()
                .build()
                .map_err(|error| self.unfit_roots(&error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| self.unfit(&error))?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    fn client(&self, own: Option<Own>) -> Result<ClientConfig, TlsError> {
        let roots = self.roots("verify_outgoing needs ca_file")?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(self.versions())
            .map_err(|error| self.unfit(&error))?;
        let builder = if self.settings.verify_server_hostname {
            builder.with_root_certificates(roots)
        } else {
            let any_name = ChainOnly::new(roots, self.provider.signature_verification_algorithms);
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(any_name))
        };
        let config = match own {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key),
            None => Ok(builder.with_no_client_auth()),
        };
        let mut config = config.map_err(|error| self.unfit(&error))?;
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    /// What rustls says of certificate and key, with the file that is to blame.
    fn unfit(&self, error: &Error) -> TlsError {
        let path = |path: &Option<std::path::PathBuf>| path.clone().unwrap_or_default();
        let (cert, key) = (
            path(&self.settings.cert_file),
            path(&self.settings.key_file),
        );
        match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => content(
                "key_file",
                &key,
                format!(
                    "is not the key of the certificate in {}; give the two that were made together",
                    cert.display()
                ),
            ),
            Error::InvalidCertificate(_) => content(
                "cert_file",
                &cert,
                "has a certificate that cannot be read; make it anew",
            ),
            _no_word_of_the_key => content(
                "key_file",
                &key,
                "has a key of a kind that is not supported; ECDSA P-256, P-384, Ed25519 and RSA are",
            ),
        }
    }

    fn unfit_roots(&self, why: &str) -> TlsError {
        let path = self
            .settings
            .ca_file
            .as_deref()
            .unwrap_or_else(|| Path::new(""));
        content("ca_file", path, format!("cannot be used: {why}"))
    }
}
