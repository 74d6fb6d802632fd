//! How a message goes over a stream: a header, then chunks, each sealed on its own.
//!
//! Header: magic (2 bytes), version (1), mode (1), cluster id (16, zero while blank). Chunk: its
//! length with the highest bit set on the last one (4 bytes, big-endian), then its bytes. A seal
//! binds header, direction, number and lastness of a chunk, so none can be moved, cut off or sent
//! back. In place of chunks a header may carry a complaint, so that the other side learns why it
//! is not heard.

#[cfg(test)]
mod tests;

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{MAGIC, Malformed, VERSION};
use crate::gossip::key::{Key, SEAL_BYTES};
use crate::gossip::keys::{Keys, Opened};
use crate::types::ClusterId;

/// The largest message, in bytes (gossip study, 8).
const MESSAGE_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// The largest chunk before sealing, in bytes; what one hostile length may make a reader wait for.
const CHUNK_BYTES_MAX: usize = 16 * 1_024;

const HEADER_BYTES: usize = 20;
const LAST: u32 = 1 << 31;

const MODE_PLAIN: u8 = 0;
const MODE_SEALED: u8 = 1;
const MODE_WRONG_KEY: u8 = 2;
const MODE_MUST_SEAL: u8 = 3;
const MODE_HAS_NO_KEY: u8 = 4;

/// Why a reader does not hear the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// The writer's bytes do not open with any key of the reader.
    WrongKey,
    /// The writer is plain, the reader's pool is sealed.
    MustSeal,
    /// The writer seals, the reader has no key.
    HasNoKey,
}

/// Which side of an exchange wrote the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The one that opened the stream.
    Asker,
    /// The one that accepted it.
    Answerer,
}

/// What a stream begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    mode: u8,
    /// The writer's cluster; none while it is blank.
    pub(crate) cluster: Option<ClusterId>,
}

/// Why no message came through. The stream is of no use afterwards.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// The stream broke, or ended too early.
    #[error("{operation} a stream")]
    Io {
        /// What was being done.
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are not of this protocol, or break a bound of it.
    #[error(transparent)]
    Malformed(Malformed),
    /// Both sides hear, but do not understand each other's seal; the complaint is the reader's.
    #[error("sealed differently on both sides")]
    Unheard(Complaint),
    /// The other side complains about what was written to it.
    #[error("the other side does not open what it is sent")]
    Complained(Complaint),
    /// The operating system has no randomness for a seal.
    #[error("no randomness to seal with")]
    Randomness,
}

impl Header {
    const fn new(key: Option<&Key>, cluster: Option<ClusterId>) -> Self {
        let mode = if key.is_some() {
            MODE_SEALED
        } else {
            MODE_PLAIN
        };
        Self { mode, cluster }
    }

    fn encode(self) -> [u8; HEADER_BYTES] {
        let [a, b] = MAGIC;
        let mut bytes = [0; HEADER_BYTES];
        let cluster = self.cluster.unwrap_or_default().bits().to_be_bytes();
        let head = [a, b, VERSION, self.mode].into_iter().chain(cluster);
        for (place, byte) in bytes.iter_mut().zip(head) {
            *place = byte;
        }
        bytes
    }

    fn parse(bytes: [u8; HEADER_BYTES]) -> Result<Self, StreamError> {
        let malformed = || StreamError::Malformed(Malformed { what: "stream" });
        let (head, cluster) = bytes.split_first_chunk().ok_or_else(malformed)?;
        let [a, b, version, mode] = *head;
        if [a, b] != MAGIC || version != VERSION {
            return Err(malformed());
        }
        let bits = cluster
            .first_chunk()
            .map_or(0, |bytes| u128::from_be_bytes(*bytes));
        Ok(Self {
            mode,
            cluster: (bits != 0).then_some(ClusterId::new(bits)),
        })
    }

    /// Says whether a reader with these keys hears what follows the header.
    fn check(self, keys: Option<&Keys>) -> Result<(), StreamError> {
        match (self.mode, keys) {
            (MODE_PLAIN, None) | (MODE_SEALED, Some(_)) => Ok(()),
            (MODE_PLAIN, Some(_)) => Err(StreamError::Unheard(Complaint::MustSeal)),
            (MODE_SEALED, None) => Err(StreamError::Unheard(Complaint::HasNoKey)),
            (MODE_WRONG_KEY, _) => Err(StreamError::Complained(Complaint::WrongKey)),
            (MODE_MUST_SEAL, _) => Err(StreamError::Complained(Complaint::MustSeal)),
            (MODE_HAS_NO_KEY, _) => Err(StreamError::Complained(Complaint::HasNoKey)),
            (_, _) => Err(StreamError::Malformed(Malformed { what: "stream" })),
        }
    }

    /// What a seal of a chunk is bound to.
    fn context(self, side: Side, number: u32, last: bool) -> Vec<u8> {
        let mut context = self.encode().to_vec();
        context.push(u8::from(side == Side::Answerer));
        context.push(u8::from(last));
        context.extend_from_slice(&number.to_be_bytes());
        context
    }
}

/// Writes a message, header first.
pub(crate) async fn write_message<W: AsyncWrite + Unpin>(
    stream: &mut W,
    (key, cluster): (Option<&Key>, Option<ClusterId>),
    side: Side,
    message: &[u8],
) -> Result<(), StreamError> {
    let header = Header::new(key, cluster);
    write(stream, &header.encode()).await?;
    let chunks = message.chunks(CHUNK_BYTES_MAX);
    let last_number = chunks.len().saturating_sub(1);
    for (number, chunk) in (0_u32..).zip(chunks) {
        let last = usize::try_from(number) == Ok(last_number);
        let mut bytes = Vec::with_capacity(CHUNK_BYTES_MAX);
        match key {
            Some(key) => key
                .seal(&header.context(side, number, last), chunk, &mut bytes)
                .ok_or(StreamError::Randomness)?,
            None => bytes.extend_from_slice(chunk),
        }
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let word = if last { len | LAST } else { len };
        write(stream, &word.to_be_bytes()).await?;
        write(stream, &bytes).await?;
    }
    stream.flush().await.map_err(|source| StreamError::Io {
        operation: "writing to",
        source,
    })
}

/// Tells the other side why it is not heard.
pub(crate) async fn complain<W: AsyncWrite + Unpin>(
    stream: &mut W,
    cluster: Option<ClusterId>,
    complaint: Complaint,
) -> Result<(), StreamError> {
    let mode = match complaint {
        Complaint::WrongKey => MODE_WRONG_KEY,
        Complaint::MustSeal => MODE_MUST_SEAL,
        Complaint::HasNoKey => MODE_HAS_NO_KEY,
    };
    write(stream, &Header { mode, cluster }.encode()).await
}

/// Reads the header of a message.
pub(crate) async fn read_header<R: AsyncRead + Unpin>(
    stream: &mut R,
) -> Result<Header, StreamError> {
    let mut bytes = [0; HEADER_BYTES];
    read(stream, &mut bytes).await?;
    Header::parse(bytes)
}

/// Reads the message behind a header.
pub(crate) async fn read_body<R: AsyncRead + Unpin>(
    stream: &mut R,
    header: Header,
    keys: Option<&Keys>,
    side: Side,
) -> Result<Opened, StreamError> {
    header.check(keys)?;
    let (mut message, mut by) = (Vec::new(), None);
    for number in 0_u32.. {
        let mut word = [0; 4];
        read(stream, &mut word).await?;
        let word = u32::from_be_bytes(word);
        let (len, last) = (word & !LAST, word & LAST != 0);
        let bytes = read_chunk(stream, len).await?;
        match keys {
            Some(keys) => {
                let opened = keys.open(&header.context(side, number, last), &bytes);
                let opened =
                    opened.map_err(|_unopened| StreamError::Unheard(Complaint::WrongKey))?;
                message.extend_from_slice(&opened.text);
                by = opened.by;
            }
            None => message.extend_from_slice(&bytes),
        }
        if last {
            break;
        }
        if bytes.is_empty() || message.len() > MESSAGE_BYTES_MAX {
            return Err(StreamError::Malformed(Malformed {
                what: "message without an end",
            }));
        }
    }
    Ok(Opened { text: message, by })
}

/// Reads a chunk as it comes; memory grows with the bytes that are there, not with their claim.
async fn read_chunk<R: AsyncRead + Unpin>(
    stream: &mut R,
    len: u32,
) -> Result<Vec<u8>, StreamError> {
    let wanted = usize::try_from(len).unwrap_or(usize::MAX);
    if wanted > CHUNK_BYTES_MAX.saturating_add(SEAL_BYTES) {
        return Err(StreamError::Malformed(Malformed { what: "chunk" }));
    }
    let fail = |source| StreamError::Io {
        operation: "reading from",
        source,
    };
    let mut bytes = Vec::new();
    let mut limited = stream.take(u64::from(len));
    limited.read_to_end(&mut bytes).await.map_err(fail)?;
    if bytes.len() == wanted {
        Ok(bytes)
    } else {
        Err(fail(io::ErrorKind::UnexpectedEof.into()))
    }
}

async fn read<R: AsyncRead + Unpin>(stream: &mut R, bytes: &mut [u8]) -> Result<(), StreamError> {
    let done = stream.read_exact(bytes).await;
    done.map(drop).map_err(|source| StreamError::Io {
        operation: "reading from",
        source,
    })
}

async fn write<W: AsyncWrite + Unpin>(stream: &mut W, bytes: &[u8]) -> Result<(), StreamError> {
    let done = stream.write_all(bytes).await;
    done.map_err(|source| StreamError::Io {
        operation: "writing to",
        source,
    })
}
