//! `tls`: makes the files that agents prove themselves with (agent reference, 4.5).
//!
//! Files go into the current directory; none is ever overwritten.

mod ca;
mod cert;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{Failure, World};
use crate::tls::make::Made;

/// Makes a CA, and certificates for servers and clients
#[derive(Debug, clap::Subcommand)]
pub(super) enum Tls {
    /// Makes the CA, whose signature agents trust
    #[command(subcommand, arg_required_else_help = true)]
    Ca(Ca),
    /// Makes certificates that the CA signs
    #[command(subcommand, arg_required_else_help = true)]
    Cert(Cert),
}

/// Makes the CA, whose signature agents trust
#[derive(Debug, clap::Subcommand)]
pub(super) enum Ca {
    Create(ca::Create),
}

/// Makes certificates that the CA signs
#[derive(Debug, clap::Subcommand)]
pub(super) enum Cert {
    Create(cert::Create),
}

impl Tls {
    /// Runs the subcommand that was named.
    pub(super) fn run(self, world: &mut World) -> Result<(), Failure> {
        match self {
            Self::Ca(Ca::Create(create)) => create.run(world),
            Self::Cert(Cert::Create(create)) => create.run(world),
        }
    }
}

/// Writes certificate and key; only the owner may read the key.
fn save(made: &Made, certificate: &str, key: &str, world: &mut World) -> Result<(), Failure> {
    for name in [certificate, key] {
        if Path::new(name).exists() {
            return Err(Failure::new(format!("{name} already exists.")));
        }
    }
    for (name, text, mode) in [
        (key, &made.key, 0o600),
        (certificate, &made.certificate, 0o644),
    ] {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(name);
        let written = file.and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| Failure::new(format!("write {name}: {error}")))?;
    }
    world.out.line(format!("==> Saved {certificate}"));
    world.out.line(format!("==> Saved {key}"));
    Ok(())
}

/// Says whether a text may be part of a file's name here.
fn check_word(option: &str, text: &str) -> Result<(), Failure> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.starts_with('.') || !text.chars().all(is_good) {
        return Err(Failure::new(format!(
            "-{option} {text:?} has other characters than letters, digits, -, _ and ."
        )));
    }
    Ok(())
}
