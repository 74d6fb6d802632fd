//! The gossip key: seals and opens datagrams and the chunks of streams (AES-GCM, NIST SP 800-38D).
//!
//! A key never shows itself: `Debug` and logs give its fingerprint. Nonces are random, 96 bits;
//! section 8.3 of that paper allows 2^32 of them under one key, at a thousand datagrams per second
//! over all members seven weeks, at idle rates years: rotate the key of a large pool ([`Keys`]).
//!
//! [`Keys`]: super::Keys

use std::fmt;
use std::sync::Arc;

use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes that sealing adds: nonce in front, tag behind.
pub(crate) const SEAL_BYTES: usize = NONCE_LEN + 16;

/// Bytes of the key's digest that its fingerprint shows.
const FINGERPRINT_BYTES: usize = 4;

/// A key that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key has another length than AES-128 or AES-256 takes.
    #[error("a gossip key has 16 or 32 bytes, this one {len}")]
    Length {
        /// Length as given, in bytes.
        len: usize,
    },
}

/// A key that all members of a pool share.
#[derive(Clone)]
pub struct Key {
    cipher: Arc<LessSafeKey>,
    fingerprint: Fingerprint,
    random: SystemRandom,
}

/// The first bytes of the SHA-256 digest of a key: enough to tell two keys apart in a log, not
/// enough to find one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint([u8; FINGERPRINT_BYTES]);

/// What did not open: another key, or bytes that were changed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unopened;

impl Key {
    /// Takes the bytes of a key: 16 for AES-128, 32 for AES-256.
    ///
    /// # Errors
    /// Any other number of bytes; Consul's 24 (AES-192) among them, which the cryptographic
    /// library does not have.
    pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        let algorithm = match bytes.len() {
            16 => &AES_128_GCM,
            32 => &AES_256_GCM,
            len => return Err(KeyError::Length { len }),
        };
        let key = UnboundKey::new(algorithm, bytes)
            .map_err(|_unspecified| KeyError::Length { len: bytes.len() })?;
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let first = digest.as_ref().first_chunk().copied();
        Ok(Self {
            cipher: Arc::new(LessSafeKey::new(key)),
            fingerprint: Fingerprint(first.unwrap_or_default()),
            random: SystemRandom::new(),
        })
    }

    /// What may be shown of the key.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Appends the sealed text to `out`; `context` is bound to it but not carried. Gives nothing
    /// if the operating system has no randomness.
    pub(crate) fn seal(&self, context: &[u8], text: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut body = text.to_vec();
        self.cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut body,
            )
            .ok()?;
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&body);
        Some(())
    }

    /// Opens what `seal` made with this key and context.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (nonce, body) = sealed.split_first_chunk().ok_or(Unopened)?;
        let mut body = body.to_vec();
        let text = self
            .cipher
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(context),
                &mut body,
            )
            .map_err(|_unspecified| Unopened)?;
        let len = text.len();
        body.truncate(len);
        Ok(body)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.fingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed(key: &Key, context: &[u8], text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        key.seal(context, text, &mut out).unwrap();
        out
    }

    #[test]
    fn a_key_has_sixteen_or_thirty_two_bytes() {
        for len in 0..40 {
            let made = Key::new(&vec![7; len]);
            assert_eq!(made.is_ok(), len == 16 || len == 32, "{len}");
        }
    }

    #[test]
    fn a_key_never_shows_its_bytes() {
        let key = Key::new(&[0xab; 32]).unwrap();
        assert_eq!(format!("{key:?}"), format!("Key({})", key.fingerprint()));
        assert!(!format!("{key:?}").contains("abab"));
        let other = Key::new(&[0xac; 32]).unwrap();
        assert_ne!(key.fingerprint(), other.fingerprint());
    }

    #[test]
    fn neither_another_key_nor_another_context_opens() {
        let (key, other) = (Key::new(&[1; 16]).unwrap(), Key::new(&[2; 16]).unwrap());
        let bytes = sealed(&key, b"here", b"text");
        assert_eq!(key.open(b"here", &bytes), Ok(b"text".to_vec()));
        assert_eq!(key.open(b"there", &bytes), Err(Unopened));
        assert_eq!(other.open(b"here", &bytes), Err(Unopened));
    }

    #[test]
    fn the_same_text_is_never_sealed_to_the_same_bytes() {
        let key = Key::new(&[1; 16]).unwrap();
        assert_ne!(sealed(&key, b"", b"text"), sealed(&key, b"", b"text"));
    }

    proptest! {
        #[test]
        fn what_was_changed_on_the_way_does_not_open(
            text in proptest::collection::vec(any::<u8>(), 0..200),
            at in any::<proptest::sample::Index>(),
            flip in 1..=255_u8,
        ) {
            let key = Key::new(&[1; 32]).unwrap();
            let mut bytes = sealed(&key, b"c", &text);
            prop_assert_eq!(bytes.len(), text.len() + SEAL_BYTES);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert_eq!(key.open(b"c", &bytes), Err(Unopened));
        }

        #[test]
        fn random_bytes_do_not_open(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(Key::new(&[1; 32]).unwrap().open(b"", &bytes), Err(Unopened));
        }
    }
}
