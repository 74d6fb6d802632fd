//! `kv put`.

use std::fs::File;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{PATH, is_done, missing_key, too_many, without_slash};
use crate::cli::connect::{AgentOptions, ServerOptions};
use crate::cli::{Failure, World};
use crate::http::VALUE_BYTES_MAX;

/// Writes a key
///
/// DATA is the value itself, @FILE for the content of a file, or - for standard input; without it
/// the value is empty.
#[derive(Debug, clap::Args)]
#[command(override_usage = "quorate kv put [OPTIONS] <KEY> [DATA]")]
#[command(after_help = "Examples:\n  quorate kv put app/mode blue\n  \
                        quorate kv put app/license @license.txt\n  \
                        quorate kv put -cas -modify-index=171 app/mode green")]
pub(in crate::cli) struct Put {
    /// The key, then its value
    #[arg(value_name = "KEY [DATA]")]
    args: Vec<String>,

    /// The data is base64; store what it stands for
    #[arg(long)]
    base64: bool,

    /// Write only if the key still has the index of -modify-index; 0: only if there is no such key
    #[arg(long)]
    cas: bool,

    /// A number to keep beside the value
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    flags: u64,

    /// The key's modify index, for -cas
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    modify_index: u64,

    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    agent: AgentOptions,
}

impl Put {
    /// Writes the key and says so.
    pub(super) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let (key, data) = match self.args.as_slice() {
            [] => return Err(missing_key()),
            [key] => (key, ""),
            [key, data] => (key, data.as_str()),
            more => return Err(too_many("1 or 2", more.len())),
        };
        let key = without_slash(key);
        let mut value = read_data(data, &mut *world.stdin)
            .map_err(|why| Failure::new(format!("Error! {why}")))?;
        if self.base64 {
            value = STANDARD.decode(value).map_err(|error| {
                Failure::new(format!("Error! Cannot base 64 decode data: {error}"))
            })?;
        }
        let client = self.agent.client(&world.env)?;
        let (index, flags) = (self.modify_index.to_string(), self.flags.to_string());
        let mut params = self.server.params();
        params.extend(self.cas.then_some(("cas", index.as_str())));
        params.extend((self.flags != 0).then_some(("flags", flags.as_str())));
        let answer = client.put(PATH, key, &params, value.into()).await;
        let is_written = is_done(answer).map_err(|error| {
            Failure::new(if self.cas {
                format!("Error! Did not write to {key}: {error}")
            } else {
                format!("Error! Failed writing data: {error}")
            })
        })?;
        if !is_written {
            let why = self.why_not();
            return Err(Failure::new(format!(
                "Error! Did not write to {key}: {why}"
            )));
        }
        world.out.line(format!("Success! Data written to: {key}"));
        Ok(())
    }

    const fn why_not(&self) -> &'static str {
        if self.modify_index == 0 {
            "CAS performed with index=0 and key already exists."
        } else {
            "CAS failed"
        }
    }
}

/// Fetches the value. One byte more than can be stored is read, so that the agent refuses it in
/// its own words and no value is cut short.
fn read_data(data: &str, stdin: &mut dyn Read) -> Result<Vec<u8>, String> {
    let bound = u64::try_from(VALUE_BYTES_MAX).unwrap_or(u64::MAX) * 4 / 3 + 8;
    let mut value = Vec::new();
    let mut read = |from: &mut dyn Read| from.take(bound).read_to_end(&mut value).map(drop);
    if let Some(path) = data.strip_prefix('@') {
        File::open(path)
            .and_then(|mut file| read(&mut file))
            .map_err(|error| format!("Failed to read file {path}: {error}"))?;
    } else if data == "-" {
        read(stdin).map_err(|error| format!("Failed to read stdin: {error}"))?;
    } else {
        value = data.as_bytes().to_vec();
    }
    Ok(value)
}
