//! A text that is never shown: tokens, passwords, keys.
//!
//! Pure. Nothing but [`Secret::reveal`] gives it out, so a search for that word finds every use.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// A text that `Debug` shows as `****`, wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a text for a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, for the one header or signature that needs it.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(format!("{:?}", Some(Secret::new("hush"))), "Some(****)");
        assert_eq!(Secret::new("hush").reveal(), "hush");
    }
}
