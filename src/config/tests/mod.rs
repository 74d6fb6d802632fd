//! Whole configurations: from a command line and files to a checked configuration or a report.

mod addresses;
mod flags;
mod founding;
mod gossip_keys;
mod mistakes;
mod shipped;
mod sources;
mod trust;

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use super::command::CommandLine;
use super::machine::Machine;
use super::{Config, ConfigErrors, Loaded, command, load_given};

/// A provider check that knows one provider and one key.
fn check_query(text: &str) -> Result<(), String> {
    match text {
        "provider=aws tag_key=role" => Ok(()),
        _ => Err("unknown provider".to_owned()),
    }
}

/// A machine with a name and one private address.
fn machine() -> Machine {
    Machine {
        host_name: Some("host-1".to_owned()),
        private_v4: vec![IpAddr::from([10, 0, 0, 7])],
        public_v6: Vec::new(),
    }
}

fn load_on(machine: &Machine, words: &[&str]) -> Result<Loaded, ConfigErrors> {
    let words = ["agent"].iter().chain(words);
    let matches = command().try_get_matches_from(words).unwrap();
    load_given(CommandLine::from_matches(&matches), check_query, machine)
}

fn load(words: &[&str]) -> Result<Loaded, ConfigErrors> {
    load_on(&machine(), words)
}

/// The configuration of a command line that is right and says where its data is.
fn config(words: &[&str]) -> Config {
    let words: Vec<&str> = ["--data-dir=/data"].iter().chain(words).copied().collect();
    load(&words)
        .map_err(|errors| errors.to_string())
        .unwrap()
        .config
}

/// The lines of the report of a command line that is wrong.
fn mistakes(words: &[&str]) -> Vec<String> {
    let errors = load(words).expect_err("the configuration is wrong");
    errors.iter().map(ToString::to_string).collect()
}

/// A directory with files, for the length of a test.
struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = TempDir::new().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The flag that reads one of the files, or all of them for an empty name.
    fn flag(&self, name: &str) -> String {
        format!("--config-file={}", self.path(name).display())
    }

    /// A text without the path of the directory.
    fn relative(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }
}
