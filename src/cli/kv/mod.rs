//! `kv`: keys and values (agent reference, 4.8). A leading slash of a key is dropped: no key
//! begins with one, and people write it.

mod delete;
mod get;
mod put;

use super::{Failure, World};
use crate::http::{ClientError, Got};

/// Reads, writes and deletes keys
#[derive(Debug, clap::Subcommand)]
pub(super) enum Kv {
    /// Reads a key, or lists what is below a prefix
    Get(get::Get),
    /// Writes a key
    Put(put::Put),
    /// Deletes a key, or all that is below a prefix
    Delete(delete::Delete),
}

impl Kv {
    /// Runs the command that was named.
    pub(super) async fn run(self, world: &mut World) -> Result<(), Failure> {
        match self {
            Self::Get(get) => get.run(world).await,
            Self::Put(put) => put.run(world).await,
            Self::Delete(delete) => delete.run(world).await,
        }
    }
}

const PATH: &str = "/v1/kv/";

/// The one key of a `get` or `delete`; empty if none is given.
fn one_key(args: &[String]) -> Result<&str, Failure> {
    match args {
        [] => Ok(""),
        [key] => Ok(without_slash(key)),
        more => Err(too_many("1", more.len())),
    }
}

fn too_many(expected: &str, count: usize) -> Failure {
    let text = format!("Too many arguments (expected {expected}, got {count})");
    Failure::new(text)
}

fn without_slash(key: &str) -> &str {
    key.strip_prefix('/').unwrap_or(key)
}

fn missing_key() -> Failure {
    Failure::new("Error! Missing KEY argument")
}

/// Reads the answer to a write: whether its condition held.
fn is_done(answer: Result<Got, ClientError>) -> Result<bool, ClientError> {
    answer.and_then(|got| got.json())
}
