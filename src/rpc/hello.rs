//! The hello: the first bytes of a connection, one each way, the caller's first.
//!
//! A listener says nothing before it has read a hello whose magic is right, so that a port scan
//! learns neither names nor ids. The prelude (magic, version, length) is the same in every
//! version of the protocol, so that two versions can name each other.

use std::io;

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Identity, Party};
use crate::tls::{self, Fault};

/// What every connection begins with. Not a byte from 0 to 9, with which Consul's begin (agent
/// reference, 10.2), and not the `0x16` of a TLS hello.
const MAGIC: [u8; 4] = *b"qrte";
/// The first of them, by which a caller in plain is known.
pub(super) const FIRST_BYTE: u8 = b'q';
/// The version of the protocol. Frames and payloads of another version are not understood.
const VERSION: u16 = 1;
/// Bytes of magic, version and length.
const PRELUDE_BYTES: usize = 8;
/// The longest body that is taken: two names of 128 bytes, two ids of up to 19 bytes, and room
/// for later versions.
const BODY_BYTES_MAX: u16 = 1_024;

/// Why the other side's hello is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HelloError {
    /// The first bytes are not ours: another program listens or calls.
    #[error("what answers there is not a quorate agent's server port")]
    Stranger,
    /// The other agent speaks another version of the protocol.
    #[error("it speaks version {theirs} of the protocol, this agent version {VERSION}")]
    Version {
        /// The other side's.
        theirs: u16,
    },
    /// The hello says what no agent would say.
    #[error("its hello is malformed: {why}")]
    Malformed {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The connection ended or broke within the hello.
    #[error("the connection ended during the hello: {0}")]
    Ended(io::ErrorKind),
    /// The hello was not there in time.
    #[error("it sent no hello in time")]
    Slow,
    /// The two do not agree about TLS.
    #[error("{0}")]
    Tls(Fault),
}

/// Sends our hello.
///
/// # Errors
///
/// `Ended` if the connection breaks.
pub(super) async fn send(
    to: &mut (impl AsyncWrite + Unpin),
    own: &Identity,
) -> Result<(), HelloError> {
    let malformed = |why| HelloError::Malformed { why };
    let body = postcard::to_stdvec(&own.party())
        .map_err(|_unwritable| malformed("ours cannot be written"))?;
    let length = u16::try_from(body.len())
        .ok()
        .filter(|length| *length <= BODY_BYTES_MAX)
        .ok_or_else(|| malformed("ours is too long"))?;
    let mut out = Vec::with_capacity(PRELUDE_BYTES + body.len());
    out.put_slice(&MAGIC);
    out.put_u16(VERSION);
    out.put_u16(length);
    out.put_slice(&body);
    write(to, &out).await
}

/// Answers a caller that speaks TLS with the prelude alone, which no TLS begins with: it shows that
/// an agent is here, and not who.
///
/// # Errors
///
/// `Ended` if the connection breaks.
pub(super) async fn send_bare(to: &mut (impl AsyncWrite + Unpin)) -> Result<(), HelloError> {
    let mut out = Vec::with_capacity(PRELUDE_BYTES);
    out.put_slice(&MAGIC);
    out.put_u16(VERSION);
    out.put_u16(0);
    write(to, &out).await
}

/// Writes, and brings out what a sealed stream may hold back.
async fn write(to: &mut (impl AsyncWrite + Unpin), out: &[u8]) -> Result<(), HelloError> {
    to.write_all(out).await.map_err(ended)?;
    to.flush().await.map_err(ended)
}

/// Reads the first byte, which tells what the other side speaks.
///
/// # Errors
///
/// `Ended`, or `Tls` if the other side refused the certificates.
pub(super) async fn first(from: &mut (impl AsyncRead + Unpin)) -> Result<u8, HelloError> {
    from.read_u8().await.map_err(ended)
}

/// Reads the other side's hello, whose first byte is there.
///
/// # Errors
///
/// Any but `Slow`: the deadline is the caller's.
pub(super) async fn receive(
    first: u8,
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Party, HelloError> {
    if tls::is_alert(first) {
        return Err(HelloError::Tls(Fault::WantsTls));
    }
    if first != FIRST_BYTE {
        return Err(HelloError::Stranger);
    }
    let mut magic = MAGIC;
    let [_first, rest @ ..] = &mut magic;
    from.read_exact(rest).await.map_err(ended)?;
    if magic != MAGIC {
        return Err(HelloError::Stranger);
    }
    let theirs = from.read_u16().await.map_err(ended)?;
    let length = from.read_u16().await.map_err(ended)?;
    if length > BODY_BYTES_MAX {
        return Err(HelloError::Malformed {
            why: "it is too long",
        });
    }
    let mut body = Vec::new();
    from.take(u64::from(length))
        .read_to_end(&mut body)
        .await
        .map_err(ended)?;
    if body.len() < usize::from(length) {
        return Err(HelloError::Ended(io::ErrorKind::UnexpectedEof));
    }
    if theirs != VERSION {
        return Err(HelloError::Version { theirs });
    }
    postcard::from_bytes(&body).map_err(|_unreadable| HelloError::Malformed {
        why: "its fields cannot be read",
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err hands the error over by value"
)]
fn ended(error: io::Error) -> HelloError {
    Fault::of_io(&error).map_or_else(|| HelloError::Ended(error.kind()), HelloError::Tls)
}
