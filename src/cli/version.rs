//! `version`: which program this is (agent reference, 4.6).

use serde_json::json;

use super::{Failure, World};

/// Version of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Shows the version of the program
#[derive(Debug, clap::Args)]
pub(super) struct Version {
    /// Form of the output
    #[arg(long, value_name = "FORM", value_parser = ["pretty", "json"], default_value = "pretty")]
    format: String,
}

impl Version {
    /// Prints the version as a line, or as the JSON from which Consul's test harness reads it
    /// (agent reference, 8.1).
    pub(super) fn run(&self, world: &mut World) -> Result<(), Failure> {
        if self.format == "json" {
            let version = json!({
                "Version": VERSION,
                "Revision": "",
                "Prerelease": "",
                "BuildDate": "",
                "RPC": {"Default": 2, "Min": 2, "Max": 3},
            });
            let text = serde_json::to_string_pretty(&version)
                .map_err(|error| Failure::new(format!("Error printing the version: {error}")))?;
            world.out.line(text);
        } else {
            world.out.line(format!("Quorate v{VERSION}"));
        }
        Ok(())
    }
}
