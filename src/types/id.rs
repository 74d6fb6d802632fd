//! The three ids of an agent (design, section 4): who it is, which raft node it is, and which
//! cluster it belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a UUID such as 8a0c4f7e-1111-2222-3333-444455556666")]
pub struct IdError {
    /// The text as given.
    pub text: String,
}

/// Writes 128 bits in the 8-4-4-4-12 form of RFC 9562, section 4.
fn write_uuid(bits: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xffff,
        (bits >> 64) & 0xffff,
        (bits >> 48) & 0xffff,
        bits & 0xffff_ffff_ffff
    )
}

/// Reads the 8-4-4-4-12 form, in either case.
fn parse_uuid(text: &str) -> Result<u128, IdError> {
    let groups: Vec<&str> = text.split('-').collect();
    let shape: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hex = text.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    if shape != [8, 4, 4, 4, 12] || !hex {
        return Err(IdError {
            text: text.to_owned(),
        });
    }
    u128::from_str_radix(&groups.concat(), 16).map_err(|_not_hex| IdError {
        text: text.to_owned(),
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        pub struct $name(u128);

        impl $name {
            /// Wraps 128 bits as they are.
            pub const fn new(bits: u128) -> Self {
                Self(bits)
            }

            /// Stamps 128 random bits with the version and variant of a random UUID
            /// (RFC 9562, section 5.4).
            pub const fn random(bits: u128) -> Self {
                let versioned = (bits & !(0xf << 76)) | (0x4 << 76);
                Self((versioned & !(0x3 << 62)) | (0x2 << 62))
            }

            /// The 128 bits.
            pub const fn bits(self) -> u128 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_uuid(text).map(Self)
            }
        }
    };
}

id! {
    /// Names an agent in gossip and in the catalogue; minted at its first start, or given by
    /// `-node-id`.
    NodeId
}

id! {
    /// Names a raft node. Minted with the data directory of a server and never used again, so a
    /// wiped server is a new raft node (raft study, hazard R4).
    RaftId
}

id! {
    /// Keeps clusters apart; minted by the proposer of a founding and kept by every agent that
    /// joined.
    ClusterId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_wrote() {
        let id = NodeId::random(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(id.to_string(), "01234567-89ab-4def-8123-456789abcdef");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
    }

    #[test]
    fn a_text_of_another_shape_is_refused() {
        for text in [
            "",
            "0123",
            "0123456789ab4def8123456789abcdef",
            "01234567-89ab-4def-8123-456789abcdeg",
            "+1234567-89ab-4def-8123-456789abcdef",
        ] {
            assert!(text.parse::<NodeId>().is_err(), "{text}");
        }
    }
}
