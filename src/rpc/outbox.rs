//! Frames on their way out of a connection: written many at a time, payloads never copied.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::frame::{Frame, HEAD_BYTES};

/// How many heads are written into one allocation.
const HEADS: usize = 64;

/// What is to be written, in order.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Heads and payloads by turns, none empty; the first may be written in part.
    chunks: VecDeque<Bytes>,
    /// Sum of their lengths.
    bytes: usize,
    /// When bytes last went out, or came into an empty box.
    moved: Option<Instant>,
    /// Bytes were written that a sealed stream may still hold.
    is_unflushed: bool,
    /// Room for the next heads.
    heads: BytesMut,
}

impl Outbox {
    /// Puts a frame behind the others.
    pub(super) fn push(&mut self, frame: Frame) {
        if self.bytes == 0 {
            self.moved = Some(Instant::now());
        }
        if self.heads.capacity() < HEAD_BYTES {
            self.heads.reserve(HEAD_BYTES * HEADS);
        }
        frame.put_head(&mut self.heads);
        let head = self.heads.split().freeze();
        for chunk in [head, frame.payload] {
            self.bytes += chunk.len();
            if !chunk.is_empty() {
                self.chunks.push_back(chunk);
            }
        }
    }

    /// There is something to write, or to bring out.
    pub(super) const fn has_work(&self) -> bool {
        self.bytes > 0 || self.is_unflushed
    }

    /// Writes as much as the connection takes at once; at least one byte if there is any. What was
    /// written last is brought out, which a sealed stream does not do by itself.
    ///
    /// # Errors
    ///
    /// The connection's, and `TimedOut` if it took nothing for `stall`.
    ///
    /// # Cancel safety
    ///
    /// Safe: what was written is out of the box, what was not is still in it, what was not brought
    /// out is work still, and the time without progress goes on to count.
    pub(super) async fn write_some(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin),
        stall: Duration,
    ) -> io::Result<()> {
        let since = self.moved.unwrap_or_else(Instant::now);
        let progress = timeout_at(since + stall, self.step(to)).await;
        progress.unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn step(&mut self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        if self.bytes > 0 {
            if to.write_buf(self).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.moved = Some(Instant::now());
            self.is_unflushed = true;
        }
        if self.bytes == 0 {
            to.flush().await?;
            self.is_unflushed = false;
        }
        Ok(())
    }
}

impl Buf for Outbox {
    fn remaining(&self) -> usize {
        self.bytes
    }

    fn chunk(&self) -> &[u8] {
        self.chunks.front().map_or(&[], |chunk| chunk)
    }

    fn chunks_vectored<'a>(&'a self, dst: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slot, chunk) in dst.iter_mut().zip(&self.chunks) {
            *slot = IoSlice::new(chunk);
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut cnt: usize) {
        self.bytes = self.bytes.saturating_sub(cnt);
        while let Some(front) = self.chunks.front_mut() {
            if cnt < front.len() {
                front.advance(cnt);
                return;
            }
            cnt -= front.len();
            self.chunks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Kind;
    use super::*;

    fn outbox(payloads: &[&'static [u8]]) -> (Outbox, Vec<u8>) {
        let mut outbox = Outbox::default();
        let mut plain = BytesMut::new();
        for (id, payload) in (0..).zip(payloads) {
            let frame = Frame {
                kind: Kind::Request,
                id,
                cluster: None,
                payload: Bytes::from_static(payload),
            };
            frame.put_head(&mut plain);
            plain.extend_from_slice(payload);
            outbox.push(frame);
        }
        (outbox, plain.to_vec())
    }

    #[test]
    fn any_cut_of_the_bytes_gives_them_in_order() {
        for step in [1, 2, 7, 29, 30, 31, 1000] {
            let (mut outbox, plain) = outbox(&[b"one", b"", b"three"]);
            let mut got = Vec::new();
            while outbox.has_remaining() {
                let mut slices = [IoSlice::new(&[]); 8];
                let filled = outbox.chunks_vectored(&mut slices);
                let filled = slices[..filled].iter();
                let take: Vec<u8> = filled.flat_map(|slice| slice.to_vec()).collect();
                assert_eq!(take.len(), outbox.remaining());
                let count = step.min(take.len());
                got.extend_from_slice(&take[..count]);
                outbox.advance(count);
            }
            assert_eq!(got, plain, "{step}");
        }
    }

    #[test]
    fn a_payload_is_not_copied() {
        let payload = Bytes::from(vec![1; 100]);
        let mut outbox = Outbox::default();
        outbox.push(Frame {
            kind: Kind::Answer,
            id: 1,
            cluster: None,
            payload: payload.clone(),
        });
        assert_eq!(outbox.chunks[1].as_ptr(), payload.as_ptr());
    }

    #[tokio::test(start_paused = true)]
    async fn a_writer_that_takes_nothing_is_given_up_although_the_wait_is_interrupted() {
        let (mut outbox, _plain) = outbox(&[b"12345678"]);
        let (mut near, _far) = tokio::io::duplex(4);
        let stall = Duration::from_secs(30);
        outbox.write_some(&mut near, stall).await.unwrap();
        for _ in 0..4 {
            tokio::select! {
                written = outbox.write_some(&mut near, stall) => panic!("{written:?}"),
                () = tokio::time::sleep(Duration::from_secs(7)) => {}
            }
        }
        let late = tokio::time::sleep(Duration::from_secs(7));
        let error = tokio::select! {
            written = outbox.write_some(&mut near, stall) => written.unwrap_err(),
            () = late => panic!("given up after 35 s only"),
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn what_a_sealed_stream_holds_back_is_brought_out() {
        let (mut outbox, plain) = outbox(&[b"one"]);
        let (near, mut far) = tokio::io::duplex(1024);
        let mut near = tokio::io::BufWriter::new(near);
        while outbox.has_work() {
            let stall = Duration::from_secs(30);
            outbox.write_some(&mut near, stall).await.unwrap();
        }
        let mut got = vec![0; plain.len()];
        tokio::io::AsyncReadExt::read_exact(&mut far, &mut got)
            .await
            .unwrap();
        assert_eq!(got, plain);
    }
}
