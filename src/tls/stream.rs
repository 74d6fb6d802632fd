//! From a bare stream to one that is sealed, on both sides, and what is said to those who speak
//! something else.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::{Acceptor, ParsedCertificate};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsConnector};

use super::material::Material;
use super::{Fault, Tls};
use crate::host::Stream;

/// What every TLS connection begins with: the type of a handshake record (RFC 8446, 5.1).
pub const TLS_FIRST_BYTE: u8 = 0x16;
/// What an alert begins with (RFC 8446, 5.1).
const ALERT_FIRST_BYTE: u8 = 0x15;
/// A fatal alert, `handshake_failure`, as it is sent before any key is agreed upon: what a caller
/// in plain is told.
const ALERT: [u8; 7] = [ALERT_FIRST_BYTE, 3, 3, 0, 2, 2, 40];
/// How long a refused side has to read why. Chosen: a few round trips around the earth.
const LINGER: Duration = Duration::from_secs(1);
/// How much it may send meanwhile, in bytes. Chosen: more than a hello with any certificate.
const LINGER_BYTES: u64 = 64 << 10;

/// A connection that was accepted and is sealed.
#[derive(Debug)]
pub struct Accepted {
    /// What to read from and to write to.
    pub stream: Stream,
    /// The caller may speak as a server: its certificate is one, or that is not asked for.
    pub may_be_server: bool,
}

impl Tls {
    /// Seals a stream that was dialled, if connections are dialled with TLS. Sets no time limit.
    ///
    /// # Errors
    /// Why it did not come about. What the listener has against this agent may only show with the
    /// first read.
    pub async fn dial(&self, stream: Stream) -> Result<Stream, Fault> {
        let material = self.material.load_full();
        let (Some(config), Some(name)) = (&material.client, &material.server_name) else {
            return Ok(stream);
        };
        let connector = TlsConnector::from(Arc::clone(config));
        let sealed = connector.connect(name.clone(), stream).await;
        let sealed = sealed.map_err(|error| Fault::of_handshake(&error))?;
        Ok(Box::new(sealed))
    }

    /// Seals a stream that was accepted and whose first byte, [`TLS_FIRST_BYTE`], was read. Sets no
    /// time limit.
    ///
    /// # Errors
    /// Why it did not come about. The caller was told, and read it, or had its time to.
    pub async fn accept(&self, stream: Stream) -> Result<Accepted, Fault> {
        let material = self.material.load_full();
        let Some(config) = &material.server else {
            return Err(Fault::CallsWithTls);
        };
        let mut acceptor = Acceptor::default();
        acceptor
            .read_tls(&mut [TLS_FIRST_BYTE].as_slice())
            .map_err(|error| Fault::of_handshake(&error))?;
        let begun = LazyConfigAcceptor::new(acceptor, stream).await;
        let begun = begun.map_err(|error| Fault::of_handshake(&error))?;
        let sealed = begun.into_stream(Arc::clone(config)).into_fallible();
        match sealed.await {
            Ok(sealed) => Ok(Accepted {
                may_be_server: material.lets_speak_as_server(&sealed),
                stream: Box::new(sealed),
            }),
            Err((error, mut stream)) => {
                linger(&mut stream).await;
                Err(Fault::of_handshake(&error))
            }
        }
    }

    /// The name that a server's certificate is for, for messages.
    pub fn server_name(&self) -> String {
        let material = self.material.load();
        let name = material.server_name.as_ref();
        name.map(|name| name.to_str().into_owned())
            .unwrap_or_default()
    }

    /// Says whether a caller that speaks plain may speak as a server.
    pub fn lets_plain_be_server(&self) -> bool {
        !self.material.load().asks_callers_for_name
    }
}

impl Material {
    fn lets_speak_as_server(&self, stream: &TlsStream<Stream>) -> bool {
        if !self.asks_callers_for_name {
            return true;
        }
        let (_, session) = stream.get_ref();
        let own = session.peer_certificates().and_then(<[_]>::first);
        let is_for = |name: &ServerName<'_>| {
            let parsed = own.and_then(|own| ParsedCertificate::try_from(own).ok());
            parsed.is_some_and(|parsed| verify_server_name(&parsed, name).is_ok())
        };
        self.server_name.as_ref().is_some_and(is_for)
    }
}

/// Tells a caller in plain that it should have spoken TLS.
pub async fn alert(stream: &mut Stream) {
    if stream.write_all(&ALERT).await.is_ok() {
        linger(stream).await;
    }
}

/// Says whether the first byte of an answer is that of an alert.
pub const fn is_alert(first: u8) -> bool {
    first == ALERT_FIRST_BYTE
}

/// Lets the other side read what it was told: a socket that is closed with bytes unread resets
/// the connection, and the last word may be lost.
pub async fn linger(stream: &mut Stream) {
    let heard = async {
        stream.shutdown().await?;
        let mut rest = stream.take(LINGER_BYTES);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    // It is over either way.
    drop(timeout(LINGER, heard).await);
}
