//! One frame, to bytes and back.
//!
//! A frame is read into a buffer that grows with what arrives, never with what a peer claims: the
//! claimed length is only compared with the bound and with what is there.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_util::codec::Decoder;

use crate::types::ClusterId;

/// Bytes of a frame's length field.
const LENGTH_BYTES: usize = 4;
/// Bytes of a frame before its payload: length, kind, request id, cluster.
pub(super) const HEAD_BYTES: usize = LENGTH_BYTES + 1 + 8 + 16;
/// What a connection's read buffer begins with, in bytes. Chosen: many small frames, such as
/// heartbeats and writes of a few hundred bytes, in one read.
pub(super) const READ_BYTES: usize = 16 << 10;
/// A buffer that held a payload above this is given away with it, so that a connection does not
/// keep the size of the largest frame it ever read.
const KEEP_BYTES: usize = 1 << 20;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request; its id is new on this connection.
    Request,
    /// The answer to the request of the same id.
    Answer,
    /// The service refused; the payload is the reason as text.
    Refusal,
    /// The door refused: the frame names the other side's cluster. The request was not run.
    Conflict,
    /// Too many requests run. The request was not run.
    Busy,
    /// The listener stops: no request with this id or a later one is run. Those before it are yet
    /// answered.
    Closing,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Answer => 2,
            Self::Refusal => 3,
            Self::Conflict => 4,
            Self::Busy => 5,
            Self::Closing => 6,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Request),
            2 => Some(Self::Answer),
            3 => Some(Self::Refusal),
            4 => Some(Self::Conflict),
            5 => Some(Self::Busy),
            6 => Some(Self::Closing),
            _ => None,
        }
    }
}

/// A frame that breaks the protocol. It ends the connection, since nothing after it can be
/// understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    /// The claimed length is out of bounds.
    #[error("a frame claims {claimed} bytes, between {least} and {most} are taken")]
    Length {
        /// As claimed.
        claimed: usize,
        /// A frame without payload.
        least: usize,
        /// A frame with the largest payload.
        most: usize,
    },
    /// The kind is not known.
    #[error("a frame has the unknown kind {0}")]
    Kind(u8),
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// What it is.
    pub(super) kind: Kind,
    /// Which request it belongs to.
    pub(super) id: u64,
    /// The sender's cluster; none while it is blank.
    pub(super) cluster: Option<ClusterId>,
    /// What it carries.
    pub(super) payload: Bytes,
}

impl Frame {
    /// Writes everything but the payload.
    pub(super) fn put_head(&self, out: &mut BytesMut) {
        let length = HEAD_BYTES - LENGTH_BYTES + self.payload.len();
        // Payloads are bounded far below 4 GiB before they get here; a larger length would be
        // refused by the reader.
        out.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
        out.put_u8(self.kind.code());
        out.put_u64(self.id);
        out.put_u128(self.cluster.map_or(0, ClusterId::bits));
    }
}

/// Cuts frames out of a byte stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameDecoder {
    /// The largest payload that is taken, in bytes.
    pub(super) payload_bytes: usize,
}

impl FrameDecoder {
    /// Length of the frame at the front without its length field, once four bytes are there.
    fn length(self, mut front: &[u8]) -> Result<Option<usize>, FrameError> {
        if front.len() < LENGTH_BYTES {
            return Ok(None);
        }
        let claimed = usize::try_from(front.get_u32()).unwrap_or(usize::MAX);
        let least = HEAD_BYTES - LENGTH_BYTES;
        let most = least.saturating_add(self.payload_bytes);
        if (least..=most).contains(&claimed) {
            Ok(Some(claimed))
        } else {
            Err(FrameError::Length {
                claimed,
                least,
                most,
            })
        }
    }
}

impl Decoder for FrameDecoder {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        let invalid = |why: FrameError| io::Error::new(io::ErrorKind::InvalidData, why);
        let Some(length) = self.length(src).map_err(invalid)? else {
            return Ok(None);
        };
        if src.len() - LENGTH_BYTES < length {
            return Ok(None);
        }
        src.advance(LENGTH_BYTES);
        let code = src.get_u8();
        let id = src.get_u64();
        let cluster = Some(src.get_u128()).filter(|bits| *bits != 0);
        let kind = Kind::from_code(code).ok_or_else(|| invalid(FrameError::Kind(code)))?;
        let payload_bytes = length - (HEAD_BYTES - LENGTH_BYTES);
        let payload = if payload_bytes == src.len() && payload_bytes > KEEP_BYTES {
            std::mem::replace(src, BytesMut::with_capacity(READ_BYTES))
        } else {
            src.split_to(payload_bytes)
        };
        Ok(Some(Frame {
            kind,
            id,
            cluster: cluster.map(ClusterId::new),
            payload: payload.freeze(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes payloads of up to 1 KiB.
    fn decode(from: &mut BytesMut) -> io::Result<Option<Frame>> {
        let payload_bytes = 1 << 10;
        FrameDecoder { payload_bytes }.decode(from)
    }

    fn written(frame: &Frame) -> BytesMut {
        let mut out = BytesMut::new();
        frame.put_head(&mut out);
        out.extend_from_slice(&frame.payload);
        out
    }

    fn frame(payload: &'static [u8]) -> Frame {
        Frame {
            kind: Kind::Request,
            id: 0x0102_0304_0506_0708,
            cluster: Some(ClusterId::new(9)),
            payload: Bytes::from_static(payload),
        }
    }

    #[test]
    fn the_bytes_of_a_frame_are_those_of_the_drawing() {
        let mut expected = vec![0, 0, 0, 27, 1, 1, 2, 3, 4, 5, 6, 7, 8];
        expected.extend([0; 15]);
        expected.extend([9, b'h', b'i']);
        assert_eq!(written(&frame(b"hi")), expected);
    }

    #[test]
    fn a_frame_is_there_with_its_last_byte_and_not_before() {
        let whole = written(&frame(b"hi"));
        let mut from = BytesMut::new();
        for (index, byte) in whole.iter().enumerate() {
            from.put_u8(*byte);
            let got = decode(&mut from).unwrap();
            assert_eq!(got.is_some(), index + 1 == whole.len(), "{index}");
        }
        assert!(from.is_empty());
    }

    #[test]
    fn a_claim_above_the_bound_is_refused_by_its_first_four_bytes() {
        let most = u32::try_from(HEAD_BYTES - LENGTH_BYTES + (1 << 10)).unwrap();
        let ask = |claim: u32| decode(&mut BytesMut::from(&claim.to_be_bytes()[..]));
        assert!(ask(most).unwrap().is_none());
        for claim in [most + 1, u32::MAX, 0, 24] {
            assert_eq!(
                ask(claim).unwrap_err().kind(),
                io::ErrorKind::InvalidData,
                "{claim}"
            );
        }
    }

    #[test]
    fn a_claim_within_the_bound_allocates_nothing() {
        let mut from = BytesMut::from(&(60_u32 << 20).to_be_bytes()[..]);
        let mut decoder = FrameDecoder {
            payload_bytes: 64 << 20,
        };
        let before = from.capacity();
        assert!(decoder.decode(&mut from).unwrap().is_none());
        assert_eq!(from.capacity(), before);
    }

    #[test]
    fn the_buffer_of_a_large_payload_is_given_away() {
        let mut decoder = FrameDecoder {
            payload_bytes: 64 << 20,
        };
        let large = Frame {
            payload: Bytes::from(vec![7; KEEP_BYTES + 1]),
            ..frame(b"")
        };
        let mut from = written(&large);
        assert_eq!(decoder.decode(&mut from).unwrap(), Some(large));
        // The payload is gone by now, so that a shared buffer would be taken back here.
        from.reserve(READ_BYTES);
        assert!(from.capacity() < KEEP_BYTES, "{}", from.capacity());
    }

    proptest! {
        #[test]
        fn a_frame_reads_back_what_it_wrote(
            id: u64, cluster: u128, payload in prop::collection::vec(any::<u8>(), 0..1024)
        ) {
            let cluster = Some(cluster).filter(|bits| *bits != 0).map(ClusterId::new);
            let frame = Frame { kind: Kind::Answer, id, cluster, payload: payload.into() };
            let mut from = written(&frame);
            from.put_u8(0);
            prop_assert_eq!(decode(&mut from).unwrap(), Some(frame));
            prop_assert_eq!(from.len(), 1);
        }

        #[test]
        fn hostile_bytes_end_in_a_frame_or_an_error(
            bytes in prop::collection::vec(any::<u8>(), 0..256), small in any::<bool>()
        ) {
            let mut from = BytesMut::from(&bytes[..]);
            if small && from.len() > 3 {
                // Lengths that random bytes would hardly hit.
                from[..3].fill(0);
            }
            while let Ok(Some(_)) = decode(&mut from) {}
        }
    }
}
