//! `kv delete`.

use super::{PATH, is_done, missing_key, one_key};
use crate::cli::connect::{AgentOptions, ServerOptions};
use crate::cli::{Failure, World};

/// Deletes a key, or all that is below a prefix
///
/// A key that is not there counts as deleted.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  quorate kv delete app/mode\n  quorate kv delete -recurse app/"
)]
pub(in crate::cli) struct Delete {
    /// The key; with -recurse the prefix
    #[arg(value_name = "KEY_OR_PREFIX")]
    args: Vec<String>,

    /// Delete only if the key still has the index of -modify-index
    #[arg(long)]
    cas: bool,

    /// The key's modify index, for -cas
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    modify_index: u64,

    /// Delete all that is below the prefix
    #[arg(long)]
    recurse: bool,

    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    agent: AgentOptions,
}

impl Delete {
    /// Deletes and says so.
    pub(super) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let key = one_key(&self.args)?;
        self.check(key)?;
        let client = self.agent.client(&world.env)?;
        let index = self.modify_index.to_string();
        let mut params = self.server.params();
        params.extend(self.cas.then_some(("cas", index.as_str())));
        params.extend(self.recurse.then_some(("recurse", "")));
        let answer = is_done(client.delete(PATH, key, &params).await);
        let is_deleted = answer.map_err(|error| {
            Failure::new(if self.recurse {
                format!("Error! Did not delete prefix {key}: {error}")
            } else if self.cas {
                format!("Error! Did not delete key {key}: {error}")
            } else {
                format!("Error deleting key {key}: {error}")
            })
        })?;
        if !is_deleted {
            let text = format!("Error! Did not delete key {key}: CAS failed");
            return Err(Failure::new(text));
        }
        world.out.line(if self.recurse {
            format!("Success! Deleted keys with prefix: {key}")
        } else {
            format!("Success! Deleted key: {key}")
        });
        Ok(())
    }

    /// Options that make no sense together, in the order in which Consul complains.
    fn check(&self, key: &str) -> Result<(), Failure> {
        if key.is_empty() && !self.recurse {
            return Err(missing_key());
        }
        let text = if self.cas && self.modify_index == 0 {
            "Cannot delete a key that does not exist. Provide a -modify-index greater than than 0."
        } else if self.modify_index != 0 && !self.cas {
            "Cannot specify -modify-index without -cas!"
        } else if self.recurse && self.cas {
            "Cannot specify both -cas and -recurse!"
        } else {
            return Ok(());
        };
        Err(Failure::new(text))
    }
}
