//! The command line: a file per command. It asks an agent over HTTP, or another room, and prints;
//! it decides nothing.
//!
//! Commands, options, texts, columns and exit codes are Consul's (agent reference, 4 and 10.4), with
//! `quorate` for the name of the program. The environment is read once, here.

mod agent;
mod connect;
mod dashes;
mod discover;
mod info;
mod join;
mod keygen;
mod kv;
mod leave;
mod live;
mod members;
mod operator;
mod out;
mod parse;
mod reload;
mod screen;
mod table;
#[cfg(test)]
mod tests;
mod tls;
mod validate;
mod version;
mod why;

pub use out::Out;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::process::ExitCode;

use clap::{FromArgMatches, Subcommand};

/// What the program is for.
const ABOUT: &str = "Finds its peers, joins them, founds one cluster and only one, and says why \
                     when it cannot";

/// What was asked for was done.
const DONE: u8 = 0;
/// It failed, or was asked for in a wrong way.
const FAILED: u8 = 1;
/// There is nothing that matches, or less than was asked for.
const NOTHING: u8 = 2;
/// The agent was asked whether it serves, and does not.
const NOT_READY: u8 = 2;
/// There is an answer, with gaps.
const PARTIAL: u8 = 3;
/// The command whose options come from the table of settings.
const AGENT: &str = "agent";
/// There is no such command.
const NO_COMMAND: u8 = 127;

/// What a command may touch besides the network.
pub struct World {
    /// Where it prints.
    pub out: Out,
    /// What it reads for `-`.
    pub stdin: Box<dyn Read + Send>,
    /// The variables of both families, `QUORATE_` and `CONSUL_`, by full name.
    pub env: BTreeMap<String, String>,
}

impl World {
    /// The streams and the environment of the process. Variables that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        let is_ours = |name: &str| name.starts_with("QUORATE_") || name.starts_with("CONSUL_");
        let texts = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| is_ours(name))?;
            Some((name, value.into_string().ok()?))
        });
        Self {
            out: Out::of_process(),
            stdin: Box::new(std::io::stdin()),
            env: texts.collect(),
        }
    }
}

impl World {
    /// The time of day, to be shown.
    fn time_of_day() -> String {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        let seconds = since.as_secs().saturating_mul(1_000);
        crate::telemetry::rfc3339(seconds).replace(".000Z", "Z")
    }
}

impl fmt::Debug for World {
    /// The values of the environment may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("out", &self.out)
            .field("env", &self.env.keys())
            .finish_non_exhaustive()
    }
}

/// Why a command ended without doing what it was asked.
#[derive(Debug)]
struct Failure {
    text: String,
    /// The command was used wrongly: its usage is shown too.
    is_misuse: bool,
}

impl Failure {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_misuse: false,
        }
    }

    fn misuse(text: impl Into<String>) -> Self {
        Self {
            is_misuse: true,
            ..Self::new(text)
        }
    }
}

/// The commands.
#[derive(Debug, clap::Subcommand)]
enum Command {
    Join(join::Join),
    Members(members::Members),
    Leave(leave::Leave),
    ForceLeave(leave::ForceLeave),
    Info(info::Info),
    Reload(reload::Reload),
    /// Reads, writes and deletes keys
    #[command(subcommand, arg_required_else_help = true)]
    Kv(kv::Kv),
    /// Tools for operators
    #[command(subcommand, arg_required_else_help = true)]
    Operator(operator::Operator),
    Discover(discover::Discover),
    Keygen(keygen::Keygen),
    /// Makes a CA, and certificates for servers and clients
    #[command(subcommand, arg_required_else_help = true)]
    Tls(tls::Tls),
    Validate(validate::Validate),
    Version(version::Version),
}

/// Runs the command that the arguments name; the first is the name of the program.
pub async fn run(args: Vec<OsString>, mut world: World) -> ExitCode {
    let code = run_to_code(args, &mut world).await;
    let is_printed = world.out.finish();
    ExitCode::from(if is_printed { code } else { code.max(FAILED) })
}

/// As [`run`], with the exit code as a number.
async fn run_to_code(words: Vec<OsString>, world: &mut World) -> u8 {
    let mut command = command();
    let names = parse::names(&command, &words);
    let matches = match parse::parse(&mut command, words) {
        Ok(matches) => matches,
        Err(instead) => return instead.print(world),
    };
    let ended = match (matches.subcommand(), Command::from_arg_matches(&matches)) {
        (Some((AGENT, matches)), _) => agent::run(matches, world).await,
        (_, Ok(command)) => command.run(world).await,
        (_, Err(error)) => Err(Failure::new(error.to_string())),
    };
    ended.unwrap_or_else(|failure| {
        world.out.problem(&failure.text);
        if failure.is_misuse {
            let help = parse::named(&command, &names).render_help();
            world.out.problem(format_args!("\n{help}"));
        }
        FAILED
    })
}

fn command() -> clap::Command {
    let root = clap::Command::new("quorate")
        .after_help("`quorate COMMAND -h` explains a command. Options take one dash or two.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true);
    // The enum's own words would stand in the place of ours.
    let root = Command::augment_subcommands(root).about(ABOUT);
    let mut root = root.subcommand(crate::config::command());
    // Gives each command the full name that its usage shows.
    root.build();
    root
}

impl Command {
    async fn run(self, world: &mut World) -> Result<u8, Failure> {
        let done = match self {
            Self::Members(members) => {
                return Ok(if members.run(world).await? {
                    DONE
                } else {
                    NOTHING
                });
            }
            Self::Info(info) => {
                return Ok(if info.run(world).await? {
                    DONE
                } else {
                    NOT_READY
                });
            }
            Self::Discover(discover) => return discover.run(world).await,
            Self::Join(join) => join.run(world).await,
            Self::Leave(leave) => leave.run(world).await,
            Self::ForceLeave(force_leave) => force_leave.run(world).await,
            Self::Reload(reload) => reload.run(world).await,
            Self::Kv(kv) => kv.run(world).await,
            Self::Operator(operator) => operator.run(world).await,
            Self::Keygen(keygen::Keygen {}) => keygen::run(world),
            Self::Tls(tls) => tls.run(world),
            Self::Validate(validate) => validate.run(world),
            Self::Version(version) => version.run(world),
        };
        done.map(|()| DONE)
    }
}
