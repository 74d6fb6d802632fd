//! Options and environment by which commands find their agent (agent reference, 4.1).
//!
//! A `QUORATE_` variable wins over its `CONSUL_` twin; an option wins over both.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::http::{Client, Token};

/// The longest token that is read from a file, in bytes. Chosen: far above a UUID or a JWT.
const TOKEN_BYTES_MAX: u64 = 64 * 1024;

/// Variables of Consul's tools that ask for what this client cannot do. To ignore one would send a
/// request elsewhere, or otherwise, than was meant.
const UNSUPPORTED: [(&str, &str); 4] = [
    ("HTTP_SSL", "https is not supported yet"),
    ("HTTP_AUTH", "basic authentication is not supported yet"),
    ("NAMESPACE", "there are no namespaces"),
    ("PARTITION", "there are no partitions"),
];

/// The environment: the variables of both families, by full name.
pub(super) type Environment = BTreeMap<String, String>;

/// Options of every command that talks to an agent.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "HTTP API options")]
pub(super) struct AgentOptions {
    #[arg(
        long,
        value_name = "ADDRESS",
        help = "Address of the agent, as host:port or http://host:port [default: 127.0.0.1:8500] \
                [env: QUORATE_HTTP_ADDR, CONSUL_HTTP_ADDR]"
    )]
    http_addr: Option<String>,

    #[arg(
        long,
        value_name = "TOKEN",
        value_parser = read_token,
        help = "Token to send with each request [env: QUORATE_HTTP_TOKEN, CONSUL_HTTP_TOKEN]"
    )]
    token: Option<Token>,

    #[arg(
        long,
        value_name = "PATH",
        help = "File that holds the token [env: QUORATE_HTTP_TOKEN_FILE, CONSUL_HTTP_TOKEN_FILE]"
    )]
    token_file: Option<PathBuf>,
}

/// Options of the commands that servers carry out.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "HTTP API options")]
pub(super) struct ServerOptions {
    /// Datacenter whose servers are asked [default: the agent's]
    #[arg(long, value_name = "NAME")]
    datacenter: Option<String>,
}

impl ServerOptions {
    /// The options as parameters of a request.
    pub(super) fn params(&self) -> Vec<(&str, &str)> {
        let datacenter = self.datacenter.as_deref();
        datacenter.map(|name| ("dc", name)).into_iter().collect()
    }
}

/// Options of the commands that read what the servers hold.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "HTTP API options")]
pub(super) struct ReadOptions {
    #[command(flatten)]
    server: ServerOptions,

    /// Let any server answer, even without a leader; the answer may be old
    #[arg(long)]
    stale: bool,
}

impl ReadOptions {
    /// The options as parameters of a request.
    pub(super) fn params(&self) -> Vec<(&str, &str)> {
        let mut params = self.server.params();
        params.extend(self.stale.then_some(("stale", "")));
        params
    }
}

impl AgentOptions {
    /// Makes the client that these options and the environment describe.
    pub(super) fn client(&self, env: &Environment) -> Result<Client, Failure> {
        let fail = |why: String| Failure::new(format!("Error connecting to Consul agent: {why}"));
        refuse_unsupported(env).map_err(fail)?;
        let token = self.token(env).map_err(fail)?;
        let address = self
            .http_addr
            .as_deref()
            .or_else(|| variable(env, "HTTP_ADDR"));
        Client::new(address, token).map_err(|error| fail(error.to_string()))
    }

    /// The token by Consul's order: file option, option, file variable, variable.
    fn token(&self, env: &Environment) -> Result<Option<Token>, String> {
        if let Some(path) = &self.token_file {
            return token_in(path).map(Some);
        }
        if let Some(token) = &self.token {
            return Ok(Some(token.clone()));
        }
        if let Some(path) = variable(env, "HTTP_TOKEN_FILE") {
            return token_in(Path::new(path)).map(Some);
        }
        Ok(variable(env, "HTTP_TOKEN").map(|token| Token::new(token.to_owned())))
    }
}

/// Never fails; the shape is the parser's.
#[expect(
    clippy::unnecessary_wraps,
    reason = "clap takes value parsers that return a result"
)]
fn read_token(text: &str) -> Result<Token, std::convert::Infallible> {
    Ok(Token::new(text.to_owned()))
}

fn token_in(path: &Path) -> Result<Token, String> {
    let fail = |error| format!("token file {}: {error}", path.display());
    let mut token = String::new();
    let file = File::open(path).map_err(fail)?;
    file.take(TOKEN_BYTES_MAX)
        .read_to_string(&mut token)
        .map_err(fail)?;
    Ok(Token::new(token.trim().to_owned()))
}

/// A variable of either family; an empty one counts as none.
fn variable<'a>(env: &'a Environment, name: &str) -> Option<&'a str> {
    named(env, name).map(|(_, value)| value)
}

fn named<'a>(env: &'a Environment, name: &str) -> Option<(String, &'a str)> {
    let families = ["QUORATE_", "CONSUL_"].map(|family| format!("{family}{name}"));
    families.into_iter().find_map(|full| {
        let value = env.get(&full).filter(|value| !value.is_empty())?;
        Some((full, value.as_str()))
    })
}

fn refuse_unsupported(env: &Environment) -> Result<(), String> {
    for (name, why) in UNSUPPORTED {
        match named(env, name) {
            Some((full, value)) if !is_off(value) => {
                return Err(format!("{full} is set, but {why}; unset it"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The spellings that Go's `strconv.ParseBool` takes for false.
fn is_off(value: &str) -> bool {
    ["0", "f", "F", "false", "FALSE", "False"].contains(&value)
}
