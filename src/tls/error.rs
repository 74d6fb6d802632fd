//! What is wrong with files, each in one line with its path and what to do. No error holds a byte of
//! a key.

use std::path::PathBuf;

/// A file that cannot be used for TLS.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// It cannot be read.
    #[error("read the {what} {}: {why}; see whether it is there and this user may read it", path.display())]
    Read {
        /// What it is for: the setting's name.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's word.
        why: String,
    },
    /// It is larger than anything of its kind.
    #[error("the {what} {} is larger than {max_bytes} bytes; see whether it is the right file", path.display())]
    Size {
        /// The setting.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The bound.
        max_bytes: u64,
    },
    /// It is not what it should be.
    #[error("the {what} {} {why}", path.display())]
    Content {
        /// The setting.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        why: String,
    },
    /// A setting without which the others mean nothing.
    #[error("tls: {0}")]
    Missing(&'static str),
    /// A certificate or key could not be made.
    #[error("make a certificate: {0}")]
    Make(String),
}
