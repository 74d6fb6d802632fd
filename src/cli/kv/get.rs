//! `kv get`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;

use super::{PATH, missing_key, one_key};
use crate::cli::connect::{AgentOptions, ReadOptions};
use crate::cli::{Failure, World};
use crate::http::{Client, KvJson};

/// Width of the names in `-detailed`: the longest and six spaces.
const NAME_WIDTH: usize = 17;

/// Reads a key, or lists what is below a prefix
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  quorate kv get app/mode\n  quorate kv get -recurse app/\n  \
                        quorate kv get -keys -separator=/ app/"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command, and they combine"
)]
pub(in crate::cli) struct Get {
    /// The key; with -recurse or -keys the prefix
    #[arg(value_name = "KEY_OR_PREFIX")]
    args: Vec<String>,

    /// Print values in base64
    #[arg(long)]
    base64: bool,

    /// Print also the indexes and flags
    #[arg(long)]
    detailed: bool,

    /// List the keys below the prefix, without their values
    #[arg(long)]
    keys: bool,

    /// List all that is below the prefix
    #[arg(long)]
    recurse: bool,

    /// With -keys, cut each key behind this text and list each cut key once
    #[arg(long, value_name = "TEXT", default_value = "/")]
    separator: String,

    #[command(flatten)]
    read: ReadOptions,

    #[command(flatten)]
    agent: AgentOptions,
}

impl Get {
    /// Asks and prints; a key that is not there is a failure, an empty list is not.
    pub(super) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let key = one_key(&self.args)?;
        if key.is_empty() && !self.recurse && !self.keys {
            return Err(missing_key());
        }
        let client = self.agent.client(&world.env)?;
        if self.keys {
            return self.print_keys(key, &client, world).await;
        }
        let shape = self.recurse.then_some(("recurse", ""));
        let found: Option<Vec<KvJson>> = self.ask(&client, key, shape).await?;
        if self.recurse {
            return self.print_all(&found.unwrap_or_default(), world);
        }
        let Some(entry) = found.as_deref().and_then(<[KvJson]>::first) else {
            return Err(Failure::new(format!("Error! No key exists at: {key}")));
        };
        if self.detailed {
            self.print_detailed(entry, world)
        } else {
            world.out.raw_line(self.value(entry)?);
            Ok(())
        }
    }

    async fn ask<'a, T: DeserializeOwned>(
        &'a self,
        client: &Client,
        key: &str,
        shape: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Option<T>, Failure> {
        let mut params = self.read.params();
        params.extend(shape);
        let found = client.find(PATH, key, &params).await;
        let read = found.and_then(|got| got.map(|got| got.json()).transpose());
        read.map_err(|error| Failure::new(format!("Error querying Consul agent: {error}")))
    }

    async fn print_keys(
        &self,
        prefix: &str,
        client: &Client,
        world: &mut World,
    ) -> Result<(), Failure> {
        let separator = Some(("separator", self.separator.as_str()));
        let separator = separator.filter(|(_, text)| !text.is_empty());
        let shape = [("keys", "")].into_iter().chain(separator);
        let keys: Option<Vec<String>> = self.ask(client, prefix, shape).await?;
        keys.unwrap_or_default()
            .iter()
            .for_each(|key| world.out.line(key));
        Ok(())
    }

    fn print_all(&self, entries: &[KvJson], world: &mut World) -> Result<(), Failure> {
        for (number, entry) in entries.iter().enumerate() {
            if !self.detailed {
                world.out.raw(format!("{}:", entry.key));
                world.out.raw_line(self.value(entry)?);
                continue;
            }
            if number > 0 {
                world.out.line("");
            }
            self.print_detailed(entry, world)?;
        }
        Ok(())
    }

    fn print_detailed(&self, entry: &KvJson, world: &mut World) -> Result<(), Failure> {
        let value = self.value(entry)?;
        let rows = [
            ("CreateIndex", entry.create_index.to_string()),
            ("Flags", entry.flags.to_string()),
            ("Key", entry.key.clone()),
            ("LockIndex", entry.lock_index.to_string()),
            ("ModifyIndex", entry.modify_index.to_string()),
            // There are no sessions.
            ("Session", "-".to_owned()),
        ];
        for (name, text) in rows {
            world.out.line(format!("{name:<NAME_WIDTH$}{text}"));
        }
        world.out.raw(format!("{:<NAME_WIDTH$}", "Value"));
        world.out.raw_line(value);
        Ok(())
    }

    /// The value as it is to be printed: its bytes, or base64.
    fn value(&self, entry: &KvJson) -> Result<Vec<u8>, Failure> {
        let encoded = entry.value.as_deref().unwrap_or_default();
        if self.base64 {
            return Ok(encoded.as_bytes().to_vec());
        }
        STANDARD.decode(encoded).map_err(|error| {
            Failure::new(format!("Error rendering KV pair {}: {error}", entry.key))
        })
    }
}
