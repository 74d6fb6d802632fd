//! `keygen`: a key for gossip (agent reference, 4.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};

use super::{Failure, World};

/// Length of a key in bytes: AES-256.
const KEY_BYTES: usize = 32;

/// Makes a key that seals gossip, for the option -encrypt
#[derive(Debug, clap::Args)]
pub(super) struct Keygen {}

/// Prints random bytes of the system's generator in base64.
pub(super) fn run(world: &mut World) -> Result<(), Failure> {
    let mut key = [0; KEY_BYTES];
    SystemRandom::new()
        .fill(&mut key)
        .map_err(|_unspecified| Failure::new("Error reading random data"))?;
    world.out.line(STANDARD.encode(key));
    Ok(())
}
