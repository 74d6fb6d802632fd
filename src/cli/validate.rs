//! `validate`: checks config files as an agent would, and writes nothing (agent reference, 4.6).

use std::path::PathBuf;

use super::agent::check_query;
use super::{Failure, World};
use crate::config;

/// Checks config files or directories without starting an agent
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  quorate validate /etc/quorate.d")]
pub(super) struct Validate {
    /// Files or directories, in the order in which an agent would read them
    #[arg(value_name = "FILE_OR_DIRECTORY")]
    paths: Vec<PathBuf>,

    /// Format of every file, whatever its name: hcl, json or toml
    #[arg(long = "config-format", value_name = "FORMAT")]
    format: Option<String>,

    /// Say nothing if all is well
    #[arg(long)]
    quiet: bool,
}

impl Validate {
    /// Prints the warnings and the verdict; every mistake, not only the first.
    pub(super) fn run(self, world: &mut World) -> Result<(), Failure> {
        if self.paths.is_empty() {
            let text = "Must specify at least one config file or directory";
            return Err(Failure::new(text));
        }
        let checked = config::load_files(&self.paths, self.format.as_deref(), check_query);
        let warnings = checked
            .map_err(|errors| Failure::new(format!("Config validation failed: {errors}")))?;
        for warning in warnings {
            world.out.problem(warning);
        }
        if !self.quiet {
            world.out.line("Configuration is valid!");
        }
        Ok(())
    }
}
