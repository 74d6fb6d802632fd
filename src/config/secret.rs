//! The gossip key, in a type that never shows it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Key for gossip and joins: 16 or 32 bytes, for AES-128 or AES-256.
#[derive(Clone, PartialEq, Eq)]
pub struct GossipKey(Vec<u8>);

impl GossipKey {
    /// The bytes of the key; 16 or 32.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads a key in base64.
    ///
    /// # Errors
    /// What is wrong, without a word of the key.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const HOW: &str = "make one with `quorate keygen`";
        let bytes = STANDARD
            .decode(text.trim())
            .map_err(|_shows_the_key| format!("is not base64; {HOW}"))?;
        match bytes.len() {
            16 | 32 => Ok(Self(bytes)),
            len => Err(format!("is a key of {len} bytes, not of 16 or 32; {HOW}")),
        }
    }
}

impl fmt::Debug for GossipKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GossipKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_both_lengths_are_taken_and_others_are_not() {
        for (len, is_good) in [(0, false), (15, false), (16, true), (24, false), (32, true)] {
            let text = STANDARD.encode(vec![7; len]);
            assert_eq!(GossipKey::parse(&text).is_ok(), is_good, "{len}");
        }
    }

    #[test]
    fn a_key_shows_neither_in_debug_nor_in_an_error() {
        let text = STANDARD.encode([65; 32]);
        let key = GossipKey::parse(&text).unwrap();
        assert_eq!(format!("{key:?}"), "GossipKey(hidden)");
        assert!(
            !GossipKey::parse("hunter2!")
                .unwrap_err()
                .contains("hunter2")
        );
    }
}
