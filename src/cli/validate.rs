//! `validate`: checks config files as an agent would, and writes nothing (agent reference, 4.6).

use std::path::PathBuf;

use super::agent::{check_query, refusal};
use super::{Failure, World};
use crate::config;

/// Checks config files or directories without starting an agent
#[derive(Debug, clap::Args)]
pub(super) struct Validate {
    /// Files or directories, in the order in which an agent would read them
    #[arg(value_name = "FILE_OR_DIRECTORY", required = true)]
    paths: Vec<PathBuf>,
    /// Format of every file, whatever its name: hcl, json or toml
    #[arg(long = "config-format", value_name = "FORMAT")]
    format: Option<String>,
    /// Say nothing if all is well
    #[arg(long)]
    quiet: bool,
}

impl Validate {
    /// Prints the warnings and the verdict.
    pub(super) fn run(self, world: &mut World) -> Result<(), Failure> {
        let checked = config::load_files(&self.paths, self.format.as_deref(), check_query);
        let warnings = checked.map_err(|errors| refusal(&errors))?;
        if self.quiet {
            return Ok(());
        }
        for warning in warnings {
            world.out.line(warning);
        }
        world.out.line("Configuration is valid!");
        Ok(())
    }
}
